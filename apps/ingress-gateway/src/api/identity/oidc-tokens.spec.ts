import { decodeJwt } from 'jose';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { OidcTrusts, type NewOidcTrust } from '@podway/persistence';
import { TestIssuer, type TestAnswer } from '@podway/testing/oidc';
import { eventReader } from '../../../test/event-reader.js';
import { shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

const COOLDOWN_MS = 300;
const settings = {
  PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true',
  PODWAY_EVENTS_HEARTBEAT_MS: '100',
  PODWAY_OIDC_TIMEOUT_MS: '500',
  PODWAY_OIDC_COOLDOWN_MS: String(COOLDOWN_MS),
  PODWAY_OIDC_CLOCK_TOLERANCE_MS: '2000',
};
/** What the trusted job's tokens say. */
const good = { aud: 'https://podway.example', sub: 'repo:acme/shop', repository: 'acme/shop' };

let gateway: TestGateway;
let issuer: TestIssuer;
let trusts: OidcTrusts;
let trustId: string;

beforeAll(async () => {
  gateway = await startGateway(settings);
  await gateway.apply([pod('shop', 'acme'), pod('blog', 'acme'), pod('other', 'rival')]);
  trusts = new OidcTrusts(gateway.dataSource);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  issuer = await TestIssuer.start();
  trustId = await trusted();
});
afterEach(() => issuer.stop());

async function trusted(rest: Partial<NewOidcTrust> = {}): Promise<string> {
  const trust = await trusts.create({
    ...{ issuer: issuer.url, audience: good.aud, client: 'acme', role: 'publisher', pods: ['shop'] },
    claims: [{ name: 'repository', value: 'acme/shop' }],
    ...rest,
  });
  return trust.id;
}

async function pods(token: string): Promise<request.Response> {
  return request(gateway.api).get('/v1/pods').set('Authorization', `Bearer ${token}`);
}

async function publish(token: string, name = 'shop'): Promise<request.Response> {
  return request(gateway.api)
    .post(`/v1/updates?pod=${name}`)
    .set('Authorization', `Bearer ${token}`)
    .type('application/gzip')
    .send(await shopBundle(ulid()));
}

describe('a token of a trusted issuer', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'signed with %s publishes to the PODs of the trust',
    async (alg) => {
      await issuer.rotate(alg, { forget: true });
      const token = await issuer.token(good);
      expect((await pods(token)).body.pods.map((one: { name: string }) => one.name)).toEqual(['shop']);
      const published = await publish(token);
      expect(published.status).toBe(202);
      const [row] = await gateway.dataSource.query('select key_id from ingress.updates where id = $1', [
        published.body.id,
      ]);
      expect(row).toEqual({ key_id: `oidc:${trustId}` });
      expect([(await publish(token, 'blog')).status, (await publish(token, 'other')).status]).toEqual([
        404, 404,
      ]);
    },
  );

  it('may have several audiences, and other claims', async () => {
    expect((await pods(await issuer.token({ ...good, aud: ['x', good.aud], ref: 'main' }))).status).toBe(200);
  });

  it.each([
    ['the job', 'repo:acme/shop', 'repo:acme/shop'],
    ['no more than a subject may have', `ann\0 \u{1f600}${'x'.repeat(300)}`, `ann? ??${'x'.repeat(248)}`],
  ])('is recorded with whom it stands for: %s', async (_what, sub, recorded) => {
    const token = await issuer.token({ ...good, sub });
    expect([(await publish(token)).status, (await publish(token, 'other')).status]).toEqual([202, 404]);
    const [refused, accepted] = await gateway.dataSource.query(
      'select outcome, actor, detail from auth.audit_log order by seq desc limit 2',
    );
    const who = { actor: `oidc:${trustId}`, detail: { tokenSubject: recorded } };
    expect(accepted).toMatchObject({ outcome: 'accepted', ...who });
    expect(refused).toMatchObject({ outcome: 'refused', ...who });
  });

  it('is taken by the trust that requires most', async () => {
    const claims = [
      { name: 'repository', value: 'acme/shop' },
      { name: 'ref', value: 'refs/heads/main' },
    ];
    await trusted({ claims, pods: ['blog'] });
    const seen = async (ref: string): Promise<string> =>
      (await pods(await issuer.token({ ...good, ref }))).body.pods[0].name;
    expect([await seen('refs/heads/main'), await seen('refs/heads/mine')]).toEqual(['blog', 'shop']);
  });

  it('reads the event stream for as long as it is good', async () => {
    const token = await issuer.token(good, { endsIn: 2 });
    const reader = await eventReader(gateway.api, token);
    await reader.ended;
    expect(Date.now()).toBeGreaterThanOrEqual(Number(decodeJwt(token).exp) * 1000);
  });

  it('of a viewer publishes nothing', async () => {
    await trusts.revoke(trustId);
    await trusted({ role: 'viewer' });
    expect((await publish(await issuer.token(good))).status).toBe(403);
  });
});

describe('a token is refused', () => {
  const cases: Record<string, () => Promise<string>> = {
    'that has expired': () => issuer.token(good, { issuedIn: -60, endsIn: -10 }),
    'without an end': () => issuer.token({ ...good, exp: undefined }),
    'without a time of issue': () => issuer.token({ ...good, iat: undefined }),
    'of tomorrow': () => issuer.token(good, { issuedIn: 600, endsIn: 900 }),
    'not valid before tomorrow': () => issuer.token({ ...good, nbf: Math.floor(Date.now() / 1000) + 600 }),
    'that is good for too long': () => issuer.token(good, { endsIn: 3_602 }),
    'for another audience': () => issuer.token({ ...good, aud: 'https://other.example' }),
    'for no audience': () => issuer.token({ ...good, aud: undefined }),
    'without the claim': () => issuer.token({ ...good, repository: undefined }),
    'of another repository': () => issuer.token({ ...good, repository: 'acme/other' }),
    'whose claim only begins so': () => issuer.token({ ...good, repository: 'acme/shop-of-mine' }),
    'whose claim is a list': () => issuer.token({ ...good, repository: ['acme/shop'] }),
    'with alg none and no signature': async () => issuer.unsignedToken(good, ''),
    'with alg none and some signature': async () => issuer.unsignedToken(good, 'AAAA'),
    'with an HMAC by the public key': () => issuer.tokenSignedWithPublicKey(good),
    'whose claims were changed': async () => {
      const [head, , signature] = (await issuer.token({ ...good, repository: 'acme/other' })).split('.');
      const [, claims] = (await issuer.token(good)).split('.');
      return `${head}.${claims}.${signature}`;
    },
    'with another signature algorithm': async () => {
      await issuer.rotate('PS256');
      return issuer.token(good);
    },
    'of an issuer that nobody trusts': async () => {
      const other = await TestIssuer.start();
      const token = await other.token(good);
      await other.stop();
      return token;
    },
    'that another issuer has signed in its name': async () => {
      const other = await TestIssuer.start();
      const token = await other.token({ ...good, iss: issuer.url });
      await other.stop();
      return token;
    },
    'of a trust that is revoked': async () => {
      await trusts.revoke(trustId);
      return issuer.token(good);
    },
    'of a trust that has expired': async () => {
      await trusts.revoke(trustId);
      await trusted({ expiresAt: new Date(Date.now() - 1) });
      return issuer.token(good);
    },
  };

  it.each(Object.keys(cases))('%s', async (name) => {
    // The issuer is fine: nothing else is a reason.
    expect((await pods(await issuer.token(good))).status).toBe(200);
    const answer = await pods((await cases[name]?.()) ?? '');
    expect([answer.status, answer.body.code]).toEqual([401, 'AUTH.INVALID_KEY']);
  });

  it('of a client that is disabled, at once', async () => {
    const token = await issuer.token(good);
    const disable = (disabled: boolean): Promise<unknown> =>
      gateway.dataSource.query(
        `update auth.clients set disabled_at = case when $1 then now() end where name = 'acme'`,
        [disabled],
      );
    await disable(true);
    expect((await pods(token)).status).toBe(401);
    await disable(false);
    expect((await pods(token)).status).toBe(200);
  });

  it.each([
    'a.b.c',
    'eyJhbGciOiJub25lIn0.bnVsbA.',
    'e30.e30.e30',
    `e30.${'A'.repeat(8000)}.e30`,
    'x'.repeat(9000),
  ])('as %.30s', async (text) => {
    expect((await pods(text)).status).toBe(401);
  });
});

describe('the issuer', () => {
  it('is asked once for many tokens, and again for an unknown key', async () => {
    const before = await issuer.token(good);
    for (let n = 0; n < 5; n += 1) expect((await pods(before)).status).toBe(200);
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    await issuer.rotate();
    const after = await issuer.token(good);
    await new Promise((resolve) => setTimeout(resolve, COOLDOWN_MS + 50));
    expect((await pods(after)).status).toBe(200);
    expect((await pods(before)).status).toBe(200);
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(2);
  });

  it('is not asked again and again for keys that it does not have', async () => {
    await pods(await issuer.token(good));
    const stranger = await TestIssuer.start();
    await stranger.rotate();
    const forged = await stranger.token({ ...good, iss: issuer.url });
    await stranger.stop();
    for (let n = 0; n < 5; n += 1) expect((await pods(forged)).status).toBe(401);
    expect(issuer.asked.length).toBeLessThanOrEqual(3);
  });

  it('is not asked at all when nobody trusts it', async () => {
    await trusts.revoke(trustId);
    expect((await pods(await issuer.token(good))).status).toBe(401);
    expect(issuer.asked).toEqual([]);
  });

  it.each<[TestAnswer, string]>([
    ['status-500', 'OIDC.ISSUER_UNREACHABLE'],
    ['silent', 'OIDC.ISSUER_UNREACHABLE'],
    ['redirect', 'OIDC.ISSUER_UNREACHABLE'],
    ['endless', 'OIDC.ISSUER_UNREACHABLE'],
    ['not-json', 'OIDC.ISSUER_INVALID'],
    ['other-issuer', 'OIDC.ISSUER_INVALID'],
  ])('that answers %s makes it 503, until it answers well', async (answer, code) => {
    issuer.answer = answer;
    const refused = await pods(await issuer.token(good));
    expect([refused.status, refused.body.code]).toEqual([503, code]);
    expect(refused.headers['retry-after']).toBe('1');
    issuer.answer = 'well';
    expect((await pods(await issuer.token(good))).status).toBe(200);
  });

  it.each<TestAnswer>(['status-500', 'silent', 'not-json', 'endless'])(
    'whose keys are answered %s makes it 503',
    async (answer) => {
      await pods(await issuer.token(good));
      await issuer.rotate();
      const token = await issuer.token(good);
      await new Promise((resolve) => setTimeout(resolve, COOLDOWN_MS + 50));
      issuer.answer = answer;
      expect((await pods(token)).status).toBe(503);
    },
  );

  it('that is gone makes it 503', async () => {
    const token = await issuer.token(good);
    await issuer.stop();
    const answer = await pods(token);
    expect([answer.status, answer.body.code]).toEqual([503, 'OIDC.ISSUER_UNREACHABLE']);
  });
});
