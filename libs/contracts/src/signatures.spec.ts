import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forgeries, forgeryScene, rsa, shopStatement, unfitPublicKeys } from '@podway/testing/signatures';
import { PodwayError } from './errors.js';
import {
  AuthenticateUpdate,
  parseMessage,
  UpdateSubmitted,
  validated,
  type SignedStatement,
} from './index.js';
import {
  preAuthenticationEncoding,
  provedStatement,
  publicSigningKey,
  readSignatureHeader,
  refuseOtherContent,
  refuseOtherPod,
  signatureHeader,
  signingKeyId,
  signStatement,
} from './signatures.js';

const maxLifetimeMs = 86_400_000;
const artifact = { sha256: 'ab'.repeat(32), bytes: 1_234 };
const scene = forgeryScene(artifact, maxLifetimeMs);
const keys = [scene.own, scene.second, scene.revoked, scene.expired, scene.rival].map(({ known }) => known);
const rules = { client: 'acme', keys, maxLifetimeMs };

/** All that is looked at for a bundle. */
function admitted(signed: SignedStatement, now = new Date()): void {
  const statement = provedStatement(signed, { ...rules, now });
  refuseOtherPod(statement, 'shop');
  refuseOtherContent(statement, { artifact });
}
const codeOf = (run: () => void): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof PodwayError) return error.code;
    throw error;
  }
  return 'taken';
};
const statement = shopStatement({ artifact });
const signed = signStatement(statement, scene.own.privateKey);

describe('DSSE', () => {
  // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
  it('encodes as the protocol’s example does', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(encoded.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('counts bytes, not characters', () => {
    expect(preAuthenticationEncoding('ü', Buffer.from('€')).toString()).toBe('DSSEv1 2 ü 3 €');
  });

  it('is what others verify: signed elsewhere with the same encoding', () => {
    const payload = Buffer.from(JSON.stringify(statement));
    const encoded = `DSSEv1 ${signed.payloadType.length} ${signed.payloadType} ${payload.length} ${payload}`;
    expect(signed.signatures[0]?.sig).toBe(
      sign(null, Buffer.from(encoded), scene.own.privateKey).toString('base64'),
    );
  });
});

describe('a good statement', () => {
  it('is proved, and comes through the header as it was', () => {
    const read = readSignatureHeader(signatureHeader(signed));
    expect(provedStatement(read, { ...rules, now: new Date() })).toEqual(statement);
    expect(() => admitted(read)).not.toThrow();
  });

  it('may be signed by several keys, be for several PODs, and be written in either alphabet', () => {
    const many = shopStatement({ artifact, pods: ['blog', 'shop'] });
    const both = signStatement(many, scene.own.privateKey, scene.second.privateKey);
    expect(() => admitted(both)).not.toThrow();
    const url = { ...both, payload: both.payload.replaceAll('+', '-').replaceAll('/', '_') };
    expect(() => admitted(url)).not.toThrow();
  });

  it('is so until its expiry, to the millisecond', () => {
    const end = Date.parse(statement.expiresAt);
    expect(codeOf(() => admitted(signed, new Date(end - 1)))).toBe('taken');
    expect(codeOf(() => admitted(signed, new Date(end)))).toBe('SIGNATURE.EXPIRED');
    expect(codeOf(() => admitted(signed, new Date(end - maxLifetimeMs)))).toBe('taken');
    expect(codeOf(() => admitted(signed, new Date(end - maxLifetimeMs - 1)))).toBe(
      'SIGNATURE.EXPIRY_TOO_FAR',
    );
  });

  it('is for a release where it says so', () => {
    const release = { number: 3, fingerprint: 'f'.repeat(64) };
    const back = shopStatement({ release });
    expect(codeOf(() => refuseOtherContent(back, { release }))).toBe('taken');
    for (const wrong of [
      { ...release, number: 4 },
      { ...release, fingerprint: 'e'.repeat(64) },
    ])
      expect(codeOf(() => refuseOtherContent(back, { release: wrong }))).toBe('SIGNATURE.OTHER_RELEASE');
    expect(codeOf(() => refuseOtherContent(statement, { release }))).toBe('SIGNATURE.OTHER_RELEASE');
  });
});

describe('a forged one is refused', () => {
  it('in many ways', () => expect(forgeries.length).toBeGreaterThan(30));

  it.each(forgeries.map((one) => [one.name, one] as const))('%s', (_, { make, code }) => {
    expect(codeOf(() => admitted(make(scene)))).toBe(code);
  });

  it('by a key that is not Ed25519, also where the database has one', () => {
    const publicKey = createPublicKey(rsa()).export({ type: 'spki', format: 'pem' }).toString();
    const confused = { ...scene.own.known, publicKey };
    expect(codeOf(() => provedStatement(signed, { ...rules, keys: [confused], now: new Date() }))).toBe(
      'SIGNATURE.KEY_UNFIT',
    );
  });

  // RFC 8032, 5.1.7: the second half of a signature is below the group's order.
  it('with a signature that was made another of the same worth', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const sig = Buffer.from(signed.signatures[0]?.sig ?? '', 'base64');
    const s = BigInt(`0x${Buffer.from(sig.subarray(32)).reverse().toString('hex')}`) + order;
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(sig, 32);
    const signatures = [{ keyid: scene.own.known.id, sig: sig.toString('base64') }];
    expect(codeOf(() => admitted({ ...signed, signatures }))).toBe('SIGNATURE.INVALID');
  });
});

describe('one bit', () => {
  const flipped = (bytes: Buffer, bit: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  };
  const taken = (read: () => SignedStatement): string => codeOf(() => admitted(read()));

  it('of the statement', () => {
    const payload = Buffer.from(signed.payload, 'base64');
    for (let bit = 0; bit < payload.length * 8; bit += 1) {
      const changed = { ...signed, payload: flipped(payload, bit).toString('base64') };
      expect(
        taken(() => changed),
        String(bit),
      ).toMatch(/^SIGNATURE\./);
    }
  });

  it('of the envelope', () => {
    const envelope = Buffer.from(JSON.stringify(signed));
    for (let bit = 0; bit < envelope.length * 8; bit += 1) {
      const header = flipped(envelope, bit).toString('base64url');
      expect(
        taken(() => readSignatureHeader(header)),
        String(bit),
      ).toMatch(/^SIGNATURE\./);
    }
  });

  it('of the header', () => {
    const header = Buffer.from(signatureHeader(signed));
    for (let bit = 0; bit < header.length * 8; bit += 1) {
      const text = flipped(header, bit).toString('latin1');
      expect(
        taken(() => readSignatureHeader(text)),
        String(bit),
      ).toMatch(/^SIGNATURE\./);
    }
  });

  it('of any statement, by any key', () => {
    const names = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    const cases = fc.record({
      pods: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }),
      sequence: fc.integer({ min: 1 }),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      bytes: fc.integer({ min: 1 }),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    });
    fc.assert(
      fc.property(cases, ({ pods, sequence, sha256, bytes, at }) => {
        const pair = generateKeyPairSync('ed25519');
        const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
        const known = { ...scene.own.known, id: signingKeyId(pair.publicKey), publicKey };
        const any = shopStatement({ pods, sequence, artifact: { sha256, bytes } });
        const good = signStatement(any, pair.privateKey);
        const proved = (one: SignedStatement): object =>
          provedStatement(one, { ...rules, keys: [known], now: new Date() });
        expect(proved(readSignatureHeader(signatureHeader(good)))).toEqual(any);
        const envelope = Buffer.from(JSON.stringify(good));
        const changed = flipped(envelope, Math.floor(at * envelope.length * 8));
        expect(() => proved(readSignatureHeader(changed.toString('base64url')))).toThrow(PodwayError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the header', () => {
  it.each([
    ['nothing', ''],
    ['no base64url', 'a b'],
    ['no JSON', Buffer.from('shop').toString('base64url')],
    ['padding', `${signatureHeader(signed)}=`],
    ['the other alphabet', Buffer.from(JSON.stringify({ a: '???>>>' })).toString('base64')],
    ['a list', Buffer.from('[]').toString('base64url')],
    [
      'deep JSON',
      Buffer.from('{"a":'.repeat(3_000) + '1' + '}'.repeat(3_000))
        .toString('base64url')
        .slice(0, 12_000),
    ],
  ])('is refused as %s', (_, header) => {
    expect(codeOf(() => readSignatureHeader(header))).toBe('SIGNATURE.MALFORMED');
  });

  it('is refused when it is huge', () => {
    expect(codeOf(() => readSignatureHeader('A'.repeat(12_001)))).toBe('SIGNATURE.TOO_LARGE');
  });
});

describe('public keys', () => {
  it('are named by the SHA-256 of their SPKI', () => {
    // openssl pkey -pubin -outform DER | sha256sum
    const pem =
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';
    expect(signingKeyId(publicSigningKey(pem))).toMatch(/^[0-9a-f]{64}$/);
    expect(signingKeyId(scene.own.privateKey)).toBe(scene.own.known.id);
  });

  it.each(unfitPublicKeys())('are not taken: %s', (_, pem) => {
    expect(codeOf(() => publicSigningKey(pem))).toBe('SIGNATURE.KEY_UNFIT');
  });
});

describe('messages', () => {
  const fixture = (type: string): { data: object } =>
    JSON.parse(readFileSync(new URL(`../fixtures/${type}.json`, import.meta.url), 'utf8')) as {
      data: object;
    };

  it.each([
    ['io.podway.update.submitted.v1', UpdateSubmitted],
    ['io.podway.update.authenticate.v1', AuthenticateUpdate],
  ] as const)('%s: old ones have no statement, new ones carry it whole', (type, payload) => {
    const old = fixture(type);
    expect(parseMessage(JSON.stringify(old)).payload).not.toHaveProperty('statement');
    const message = validated<{ statement?: SignedStatement }>(payload, { ...old.data, statement: signed });
    expect(JSON.parse(JSON.stringify(message.statement))).toEqual(JSON.parse(JSON.stringify(signed)));
    expect(() => admitted(message.statement as SignedStatement)).not.toThrow();
  });
});
