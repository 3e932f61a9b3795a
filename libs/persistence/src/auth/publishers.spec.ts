import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { may, visibleTo } from './access.js';
import { ApiKeys } from './api-keys.js';
import { Clients } from './clients.js';
import { Delegations, type NewDelegation } from './delegations.js';
import { OidcTrusts, type NewOidcTrust } from './oidc-trusts.js';
import { Publishers } from './publishers.js';

const HOUR_MS = 3_600_000;
const inMs = (ms: number): Date => new Date(Date.now() + ms);

describe('Publishers', () => {
  const db = useDatabase();
  let keys: ApiKeys;
  let clients: Clients;
  let delegations: Delegations;
  let trusts: OidcTrusts;
  let publishers: Publishers;
  /** A publisher's key of the third party. */
  let key: string;

  beforeEach(async () => {
    keys = new ApiKeys(db.dataSource);
    clients = new Clients(db.dataSource);
    delegations = new Delegations(db.dataSource);
    trusts = new OidcTrusts(db.dataSource);
    publishers = new Publishers(db.dataSource);
    await clients.create('acme');
    key = (await keys.create({ client: 'agency', role: 'publisher' })).id;
  });

  const delegate = (rest: Partial<NewDelegation> = {}): ReturnType<Delegations['create']> =>
    delegations.create({
      ...{ client: 'acme', pods: ['shop'], to: { client: 'agency' }, rights: ['publish'] },
      ...{ from: inMs(-1), until: inMs(HOUR_MS) },
      ...rest,
    });
  const mayPublish = async (id = key, pod = 'shop'): Promise<boolean> => {
    const identity = await publishers.byId(id);
    return identity !== undefined && may(identity, 'publish', 'acme', pod);
  };

  describe('with a delegation', () => {
    it('act on the PODs that it names, no others', async () => {
      expect(await mayPublish()).toBe(false);
      await delegate();
      expect([await mayPublish(), await mayPublish(key, 'blog')]).toEqual([true, false]);
      const identity = await publishers.byId(key);
      expect(identity && visibleTo(identity)).toEqual([
        { client: 'agency' },
        { client: 'acme', pods: ['shop'] },
      ]);
    });

    it('to one key are that one only', async () => {
      await delegate({ to: { key } });
      const other = (await keys.create({ client: 'agency', role: 'publisher' })).id;
      expect([await mayPublish(), await mayPublish(other)]).toEqual([true, false]);
    });

    it.each([
      ['has not begun', { from: inMs(HOUR_MS / 2) }],
      ['is over', { from: inMs(-2000), until: inMs(-1000) }],
      ['is for looking only', { rights: ['view'] as const }],
      ['is for another third party', { to: { key: '000000000000' } }],
    ])('that %s may not', async (_, rest) => {
      await delegate(rest);
      expect(await mayPublish()).toBe(false);
    });

    it('may not once it is revoked', async () => {
      const { id } = await delegate();
      expect(await mayPublish()).toBe(true);
      expect([await delegations.revoke(id), await delegations.revoke(id)]).toEqual([true, false]);
      expect(await mayPublish()).toBe(false);
    });

    it('may not while the client whose PODs they are is disabled, nor while their own is', async () => {
      await delegate();
      await clients.change('acme', { disabled: true });
      expect(await mayPublish()).toBe(false);
      await clients.change('acme', { disabled: false });
      expect(await mayPublish()).toBe(true);
      await clients.change('agency', { disabled: true });
      expect(await publishers.byId(key)).toBeUndefined();
    });

    it('of a key for other PODs may not', async () => {
      await delegate();
      const narrow = (await keys.create({ client: 'agency', role: 'publisher', pods: ['own'] })).id;
      expect(await mayPublish(narrow)).toBe(false);
    });

    it('always see what they act on', async () => {
      expect(await delegate({ rights: ['approve'] })).toMatchObject({ rights: ['view', 'approve'] });
    });
  });

  describe('behind a trust', () => {
    const trust = (rest: Partial<NewOidcTrust> = {}): ReturnType<OidcTrusts['create']> =>
      trusts.create({
        ...{ issuer: 'https://ci.example', audience: 'podway', client: 'acme', role: 'publisher' },
        claims: [{ name: 'sub', value: 'shop' }],
        ...rest,
      });

    it('are known as long as it is in force', async () => {
      const { id } = await trust({ pods: ['shop'] });
      expect(await publishers.byId(`oidc:${id}`)).toMatchObject({
        ...{ keyId: `oidc:${id}`, client: 'acme', role: 'publisher' },
        scopes: [{ client: 'acme', pods: ['shop'], rights: ['view', 'publish'] }],
      });
      expect(await trusts.revoke(id)).toBe(true);
      expect(await publishers.byId(`oidc:${id}`)).toBeUndefined();
      expect(await publishers.clientOf(`oidc:${id}`)).toBe('acme');
    });

    it.each([
      ['has expired', { expiresAt: new Date(Date.now() - 1) }, false],
      ['is of a disabled client', {}, true],
    ])('that %s are not known', async (_, rest, disabled) => {
      const { id } = await trust(rest);
      await clients.change('acme', { disabled });
      expect(await publishers.byId(`oidc:${id}`)).toBeUndefined();
    });

    it.each(['oidc:', 'oidc:01JX4E7Q2M8V3K5N6P9R0S1T2W', "oidc:' or true", 'oidc:\0', '', 'nobody'])(
      'nobody is known as %j',
      async (id) => {
        expect(await publishers.byId(id)).toBeUndefined();
        expect(await publishers.clientOf(id)).toBeUndefined();
      },
    );

    it('of an issuer are told by issuer, those that require most first', async () => {
      const plain = await trust();
      const precise = await trust({ claims: ['sub', 'ref'].map((name) => ({ name, value: 'x' })) });
      await trust({ issuer: 'https://other.example' });
      const over = await trust();
      await trusts.revoke(over.id);
      expect((await trusts.ofIssuer('https://ci.example')).map(({ id }) => id)).toEqual([
        precise.id,
        plain.id,
      ]);
    });
  });
});

describe('Clients', () => {
  const db = useDatabase();

  it('are made once, listed by name and changed', async () => {
    const clients = new Clients(db.dataSource);
    for (const name of ['beta', 'alpha', 'gamma']) expect(await clients.create(name)).toBeDefined();
    expect(await clients.create('beta', 'again')).toBeUndefined();
    const names = async (page: object): Promise<string[]> =>
      (await clients.list(page)).map(({ name }) => name);
    expect(await names({})).toEqual(['alpha', 'beta', 'gamma']);
    expect(await names({ after: 'alpha', limit: 1 })).toEqual(['beta']);
    const disabled = await clients.change('beta', { disabled: true, note: 'gone' });
    expect(disabled).toMatchObject({ note: 'gone', disabledAt: expect.any(Date) as Date });
    expect(await clients.change('beta', { disabled: true })).toEqual(disabled);
    expect(await clients.change('nobody', { disabled: true })).toBeNull();
  });
});
