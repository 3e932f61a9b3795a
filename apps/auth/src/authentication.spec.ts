import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { AuthenticateUpdate, PodwayError, UpdateAuthenticated, type UpdateSource } from '@podway/contracts';
import type { ArtifactStore } from '@podway/artifacts';
import type { ApiKeys, Identity, Inventory } from '@podway/persistence';
import { describe, expect, it } from 'vitest';
import { Authentication } from './authentication.js';

const bytes = Buffer.from('a bundle');
const digest = createHash('sha256').update(bytes).digest('hex');

interface Scene {
  identity?: Partial<Identity> | undefined;
  stored?: () => Promise<Readable>;
  source?: UpdateSource;
  pod?: string;
}

function scene(options: Scene = {}) {
  const found = { keyId: 'k1', client: 'acme', role: 'publisher', ...options.identity } as Identity;
  const identity = 'identity' in options && options.identity === undefined ? undefined : found;
  const keys = { byId: async (id: string) => (id === 'k1' ? identity : undefined) } as ApiKeys;
  const inventory = {
    current: async (pod: string) => (pod === 'shop' ? { spec: { client: 'acme' }, revision: 1 } : undefined),
  } as Inventory;
  const open = options.stored ?? (async () => Readable.from([bytes]));
  const opened: string[] = [];
  const artifacts = { open: (of: string) => (opened.push(of), open()) } as unknown as ArtifactStore;
  const work = new Authentication(keys, inventory, artifacts);
  const command = Object.assign(new AuthenticateUpdate(), {
    deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W',
    step: 'Authenticating',
    attempt: 2,
    publisher: { key: 'k1', client: 'acme' },
    source: options.source ?? { kind: 'artifact', artifact: digest },
    target: { pod: options.pod ?? 'shop' },
  });
  return { work, command, opened, run: () => work.execute(command) };
}

describe('Authentication', () => {
  it.each([
    ['a publisher of the client', {}],
    ['an admin of the client', { role: 'admin' }],
    ['an operator of the hosting service', { client: '*', role: 'operator' }],
  ] as const)('lets %s publish', async (_, identity) => {
    const { run, opened } = scene({ identity });
    expect(await run()).toEqual(
      Object.assign(new UpdateAuthenticated(), {
        deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W',
        step: 'Authenticating',
        attempt: 2,
      }),
    );
    expect(opened).toEqual([digest]);
  });

  it.each([
    ['a key that is gone', { identity: undefined }, 'AUTH.KEY_INVALID'],
    ['a viewer', { identity: { role: 'viewer' } }, 'AUTH.ROLE_TOO_LOW'],
    ['another client', { identity: { client: 'other' } }, 'POD.UNKNOWN'],
    ['a POD that is not there', { pod: 'blog' }, 'POD.UNKNOWN'],
    [
      'an artifact that has changed',
      { stored: async () => Readable.from(['other bytes']) },
      'ARTIFACT.DIGEST_MISMATCH',
    ],
    ['no artifact', { source: { kind: 'artifact' } }, 'ARTIFACT.UNKNOWN'],
  ] as const)('refuses %s', async (_, options, code) => {
    await expect(scene(options as Scene).run()).rejects.toMatchObject({ code, retryable: false });
  });

  it('a POD of another client looks the same as one that is not there', async () => {
    const foreign: unknown = await scene({ identity: { client: 'other' } })
      .run()
      .catch((error: unknown) => error);
    const missing: unknown = await scene({ identity: { client: 'other' }, pod: 'none' })
      .run()
      .catch((error: unknown) => error);
    const told = (error: unknown): string =>
      JSON.stringify([(error as PodwayError).code, (error as Error).message]);
    expect(told(foreign)).toBe(told(missing).replace('none', 'shop'));
  });

  it('looks into no artifact before the publisher may', async () => {
    const { run, opened } = scene({ identity: { client: 'other' } });
    await run().catch(() => undefined);
    expect(opened).toEqual([]);
  });

  it('passes on what the store says', async () => {
    const gone = new PodwayError('ARTIFACT.NOT_FOUND', 'not there');
    await expect(scene({ stored: () => Promise.reject(gone) }).run()).rejects.toBe(gone);
    const broken = new PodwayError('ARTIFACT.CORRUPT', 'no longer what was stored');
    const stored = async (): Promise<Readable> =>
      Readable.from(
        (function* () {
          yield bytes;
          throw broken;
        })(),
      );
    await expect(scene({ stored }).run()).rejects.toBe(broken);
  });

  it('needs no artifact for a release that went without', async () => {
    const source: UpdateSource = {
      ...{ kind: 'release', release: 1, treeId: '01JWZ8F3T4B6D8H0J2M4N6Q8S0' },
      fingerprint: 'f'.repeat(64),
    };
    expect(await scene({ source }).run()).toBeInstanceOf(UpdateAuthenticated);
  });

  it('tells why it was refused', () => {
    const { work, command } = scene();
    expect(work.failed(command, new PodwayError('AUTH.KEY_INVALID', 'revoked'))).toMatchObject({
      ...{ step: 'Authenticating', attempt: 2 },
      ...{ code: 'AUTH.KEY_INVALID', detail: 'revoked' },
    });
  });
});
