import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ArtifactStore } from '@podway/artifacts';
import {
  AuthenticateUpdate,
  PodwayError,
  UpdateAuthenticated,
  type SignedStatement,
  type StepOutcome,
  type UpdateStatement,
} from '@podway/contracts';
import { signStatement, type KnownSigningKey } from '@podway/contracts/signatures';
import type { Inventory, Publishers, SigningKeys, UpdateEntity, Updates } from '@podway/persistence';
import { forgeries, forgeryScene, shopStatement, signingPair } from '@podway/testing/signatures';
import { describe, expect, it } from 'vitest';
import { Authentication } from './authentication.js';
import { SignatureCheck } from './signature-check.js';

const bundle = Buffer.from('a bundle of some bytes');
const artifact = { sha256: createHash('sha256').update(bundle).digest('hex'), bytes: bundle.length };
const maxLifetimeMs = 86_400_000;
const scene = forgeryScene(artifact, maxLifetimeMs);
const deploymentId = '01JX4E7Q2M8V3K5N6P9R0S1T2W';
const back = {
  kind: 'release',
  release: 3,
  treeId: '01JWZ8F3T4B6D8H0J2M4N6Q8S0',
  fingerprint: 'f'.repeat(64),
} as const;

interface Trial {
  statement?: SignedStatement | undefined;
  /** What was accepted at the edge. Default: the same statement, with the sequence in it. */
  accepted?: Partial<UpdateEntity> | null;
  required?: boolean;
  source?: AuthenticateUpdate['source'];
  stored?: () => Iterable<Buffer>;
  known?: readonly KnownSigningKey[];
}

/** Runs the step on an update that everything else is right with. */
function authenticate(trial: Trial): Promise<StepOutcome> {
  const { statement, source = { kind: 'artifact', artifact: artifact.sha256 } } = trial;
  const known =
    trial.known ??
    Object.values(scene).flatMap((one) => (typeof one === 'object' && 'known' in one ? [one.known] : []));
  const sequence = statement ? sequenceOf(statement) : null;
  const accepted =
    trial.accepted === null ? null : { statement: statement ?? null, sequence, ...trial.accepted };
  const check = new SignatureCheck(
    { byIds: async (ids) => known.filter(({ id }) => ids.includes(id)) } as Pick<SigningKeys, 'byIds'>,
    { byDeployment: async (id) => (id === deploymentId ? accepted : null) } as Pick<Updates, 'byDeployment'>,
    maxLifetimeMs,
  );
  const identity = { keyId: 'k1', client: 'acme', role: 'publisher' };
  const policy = trial.required ? { signatures: 'required' } : undefined;
  const work = new Authentication(
    { byId: async () => identity } as unknown as Publishers,
    {
      current: async (name: string) => ({ spec: { name, client: 'acme', policy }, revision: 1 }),
    } as unknown as Inventory,
    { artifact: async () => ({}), manifest: async () => undefined } as unknown as Updates,
    { open: async () => Readable.from(trial.stored?.() ?? [bundle]) } as unknown as ArtifactStore,
    check,
  );
  const command = Object.assign(new AuthenticateUpdate(), {
    ...{ deploymentId, step: 'Authenticating', attempt: 1, publisher: { key: 'k1', client: 'acme' } },
    ...{ source, target: { pod: 'shop' } },
    ...(statement ? { statement } : {}),
  });
  return work.execute(command);
}

function sequenceOf({ payload }: SignedStatement): number | null {
  try {
    return (JSON.parse(Buffer.from(payload, 'base64').toString()) as UpdateStatement).sequence;
  } catch {
    return null;
  }
}

const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'taken',
    (error: unknown) => (error instanceof PodwayError ? error.code : String(error)),
  );
const signed = (changes: Partial<UpdateStatement> = {}): SignedStatement =>
  signStatement(shopStatement({ artifact, ...changes }), scene.own.privateKey);

describe('a signed update', () => {
  it('is authenticated when all of it is right', async () => {
    expect(await authenticate({ statement: signed() })).toBeInstanceOf(UpdateAuthenticated);
    expect(await authenticate({ statement: signed(), required: true })).toBeInstanceOf(UpdateAuthenticated);
  });

  it('is authenticated when it goes back to the release that was signed for', async () => {
    const release = { number: 3, fingerprint: back.fingerprint };
    const statement = signed({ artifact: undefined, release });
    expect(await codeOf(authenticate({ statement, source: back }))).toBe('taken');
    const other = { ...back, fingerprint: 'e'.repeat(64) };
    expect(await codeOf(authenticate({ statement, source: other }))).toBe('SIGNATURE.OTHER_RELEASE');
    expect(await codeOf(authenticate({ statement: signed(), source: back }))).toBe('SIGNATURE.OTHER_RELEASE');
  });

  // The edge is taken to have accepted each: what is not seen here would go on to the servers.
  it.each(forgeries.map((one) => [one.name, one] as const))('is refused %s', async (_, { make, code }) => {
    expect(await codeOf(authenticate({ statement: make(scene) }))).toBe(code);
  });

  it('is refused when a key that is no Ed25519 key was put into the database', async () => {
    const { publicKey } = signingPair('acme').known;
    const confused = { ...scene.own.known, publicKey: publicKey.replace('MCow', 'MCox') };
    expect(await codeOf(authenticate({ statement: signed(), known: [confused] }))).toBe(
      'SIGNATURE.KEY_UNFIT',
    );
  });

  it.each<[string, Trial['accepted']]>([
    ['with no update accepted: an envelope replayed by message', null],
    ['with an update that was accepted unsigned', { statement: null, sequence: null }],
    [
      'with another statement than the one accepted: rolled back',
      { statement: signed({ sequence: 9 }), sequence: 9 },
    ],
    ['with another sequence than the one accepted', { sequence: 9 }],
  ])('is refused %s', async (_, accepted) => {
    expect(await codeOf(authenticate({ statement: signed(), ...{ accepted } }))).toBe(
      'SIGNATURE.NOT_AS_ACCEPTED',
    );
  });

  it('is refused when its statement was taken away on its way', async () => {
    const accepted = { statement: signed(), sequence: 1 };
    expect(await codeOf(authenticate({ accepted }))).toBe('SIGNATURE.NOT_AS_ACCEPTED');
  });

  it('is read no further than its signed size: endless data', async () => {
    let read = 0;
    const endless = function* (): Iterable<Buffer> {
      for (; read < 10_000; read += 1) yield Buffer.alloc(10);
      throw new Error('read to the end');
    };
    expect(await codeOf(authenticate({ statement: signed(), stored: endless }))).toBe('SIGNATURE.OTHER_SIZE');
    // A stream reads a little ahead.
    expect(read).toBeLessThan(100);
  });

  it('is refused when the stored artifact was cut short or changed', async () => {
    const short = [bundle.subarray(1)];
    expect(await codeOf(authenticate({ statement: signed(), stored: () => short }))).toBe(
      'SIGNATURE.OTHER_SIZE',
    );
    const changed = [Buffer.alloc(bundle.length)];
    expect(await codeOf(authenticate({ statement: signed(), stored: () => changed }))).toBe(
      'ARTIFACT.DIGEST_MISMATCH',
    );
  });
});

describe('an unsigned update', () => {
  it('is authenticated where signatures are optional', async () => {
    expect(await codeOf(authenticate({}))).toBe('taken');
  });

  it('is refused where they are required, going back too', async () => {
    expect(await codeOf(authenticate({ required: true }))).toBe('SIGNATURE.REQUIRED');
    expect(await codeOf(authenticate({ required: true, source: back }))).toBe('SIGNATURE.REQUIRED');
  });
});
