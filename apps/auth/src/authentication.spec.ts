import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { AuthenticateUpdate, PodwayError, UpdateAuthenticated, type UpdateSource } from '@podway/contracts';
import type { ArtifactStore } from '@podway/artifacts';
import type { Identity, Inventory, Publishers, Updates } from '@podway/persistence';
import { describe, expect, it } from 'vitest';
import { Authentication } from './authentication.js';

const bytes = Buffer.from('a bundle');
const digest = createHash('sha256').update(bytes).digest('hex');

interface Scene {
  identity?: Partial<Identity> | undefined;
  stored?: () => Promise<Readable>;
  source?: UpdateSource;
  pod?: string;
  /** Whose artifact it is. */
  owner?: string;
  /** Checks of the bundle. */
  checks?: object[];
}

function scene(options: Scene = {}) {
  const found = { keyId: 'k1', client: 'acme', role: 'publisher', ...options.identity } as Identity;
  const identity = 'identity' in options && options.identity === undefined ? undefined : found;
  const publishers = { byId: async (id: string) => (id === 'k1' ? identity : undefined) } as Publishers;
  const inventory = {
    current: async (pod: string) =>
      pod === 'shop' ? { spec: { name: 'shop', client: 'acme' }, revision: 1 } : undefined,
  } as Inventory;
  const owner = options.owner ?? 'acme';
  const updates = {
    artifact: async (client: string, of: string) => (client === owner && of === digest ? { digest } : null),
    manifest: async () => ({ checks: options.checks }),
  } as unknown as Updates;
  const open = options.stored ?? (async () => Readable.from([bytes]));
  const opened: string[] = [];
  const artifacts = { open: (of: string) => (opened.push(of), open()) } as unknown as ArtifactStore;
  const unsigned = { prove: async () => undefined };
  const work = new Authentication(publishers, inventory, updates, artifacts, unsigned);
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
    ['a key for this POD', { scopes: [{ client: 'acme', pods: ['shop'], rights: ['view', 'publish'] }] }],
    [
      'a third party that may publish here',
      {
        client: 'agency',
        scopes: [
          { client: 'agency', rights: ['view', 'publish'] },
          { client: 'acme', pods: ['shop'], rights: ['view', 'publish'] },
        ],
      },
    ],
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
    ['an approver', { identity: { role: 'approver' } }, 'AUTH.ROLE_TOO_LOW'],
    [
      'a third party whose delegation is over',
      { identity: { client: 'agency', scopes: [{ client: 'agency', rights: ['view', 'publish'] }] } },
      'POD.UNKNOWN',
    ],
    [
      'a third party that may only look here',
      {
        identity: {
          client: 'agency',
          scopes: [
            { client: 'agency', rights: ['view', 'publish'] },
            { client: 'acme', pods: ['shop'], rights: ['view'] },
          ],
        },
      },
      'AUTH.NOT_ALLOWED',
    ],
    [
      'a key for another POD',
      { identity: { scopes: [{ client: 'acme', pods: ['blog'], rights: ['view', 'publish'] }] } },
      'POD.UNKNOWN',
    ],
    ['an artifact of another client', { owner: 'rival' }, 'ARTIFACT.UNKNOWN'],
    ['another client', { identity: { client: 'other' } }, 'POD.UNKNOWN'],
    ['a POD that is not there', { pod: 'blog' }, 'POD.UNKNOWN'],
    [
      'an artifact that has changed',
      { stored: async () => Readable.from(['other bytes']) },
      'ARTIFACT.DIGEST_MISMATCH',
    ],
    ['no artifact', { source: { kind: 'artifact' } }, 'ARTIFACT.UNKNOWN'],
    [
      'a check that the POD does not allow',
      { checks: [{ probe: 'command', run: ['true'] }] },
      'CHECK.NOT_ALLOWED',
    ],
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

  it('does not refuse a kept release whose checks are not allowed any more', async () => {
    const source: UpdateSource = {
      ...{ kind: 'release', release: 1, treeId: '01JWZ8F3T4B6D8H0J2M4N6Q8S0', artifact: digest },
      fingerprint: 'f'.repeat(64),
    };
    const checks = [{ probe: 'command', run: ['true'] }];
    expect(await scene({ source, checks }).run()).toBeInstanceOf(UpdateAuthenticated);
  });

  it('tells why it was refused', () => {
    const { work, command } = scene();
    expect(work.failed(command, new PodwayError('AUTH.KEY_INVALID', 'revoked'))).toMatchObject({
      ...{ step: 'Authenticating', attempt: 2 },
      ...{ code: 'AUTH.KEY_INVALID', detail: 'revoked' },
    });
  });
});

describe("Podway's own updates, which heal servers", () => {
  const release: UpdateSource = {
    ...{ kind: 'release', release: 3, treeId: '01JX4E7Q2M8V3K5N6P9R0S1T2W', fingerprint: 'f'.repeat(64) },
    artifact: digest,
  };
  const own = (options: Scene, client = 'acme') => {
    const made = scene({ source: release, ...options });
    Object.assign(made.command, { publisher: { key: 'podway', client } });
    return made;
  };

  it('go to a kept release of the POD, whatever became of its artifact', async () => {
    const { run, opened } = own({ owner: 'nobody' });
    expect(await run()).toBeInstanceOf(UpdateAuthenticated);
    expect(opened).toEqual([]);
  });

  it.each([
    ['another client', own({}, 'rival'), 'POD.UNKNOWN'],
    ['a POD that is gone', own({ pod: 'gone' }), 'POD.UNKNOWN'],
    ['an artifact', own({ source: { kind: 'artifact', artifact: digest } }), 'AUTH.NOT_ALLOWED'],
  ])('not for %s', async (_, { run }, code) => {
    await expect(run()).rejects.toMatchObject({ code });
  });
});
