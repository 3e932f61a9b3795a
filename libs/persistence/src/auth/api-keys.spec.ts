import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { ApiKeys } from './api-keys.js';
import { Clients } from './clients.js';

const TEXT = `pw_${'a1'.repeat(6)}_${'S'.repeat(43)}`;

describe('ApiKeys', () => {
  const db = useDatabase();
  let keys: ApiKeys;
  beforeEach(() => {
    keys = new ApiKeys(db.dataSource);
  });
  const rows = (): Promise<Record<string, unknown>[]> => db.dataSource.query('select * from auth.api_keys');

  it('makes a key and knows who holds it', async () => {
    const { id, text } = await keys.create({ client: 'acme', role: 'publisher', note: 'of the build' });
    expect(text).toMatch(new RegExp(`^pw_${id}_[A-Za-z0-9_-]{43}$`));
    const scopes = [{ client: 'acme', rights: ['view', 'publish'] }];
    expect(await keys.identify(text)).toEqual({ keyId: id, client: 'acme', role: 'publisher', scopes });
    expect(await keys.byId(id)).toEqual({ keyId: id, client: 'acme', role: 'publisher', scopes });
  });

  it('gives each key a secret of its own', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => keys.create({ client: 'a', role: 'viewer' })),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(20);
    expect(new Set(made.map(({ text }) => text.slice(16))).size).toBe(20);
  });

  it('never stores the secret', async () => {
    const { text } = await keys.create({ client: 'acme', role: 'admin' });
    const secret = text.slice(16);
    expect(JSON.stringify(await rows())).not.toContain(secret);
    expect(await rows()).toMatchObject([
      { secret_digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
  });

  it.each([
    ['another secret', (text: string) => `${text.slice(0, 16)}${'x'.repeat(43)}`],
    ['another id', (text: string) => `pw_000000000000_${text.slice(16)}`],
    ['one letter off', (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'E' : 'A')],
    ['a cut text', (text: string) => text.slice(0, -1)],
    ['a longer text', (text: string) => `${text}A`],
    ['a newline after it', (text: string) => `${text}\n`],
    ['upper case', (text: string) => text.toUpperCase()],
    ['the id alone', (text: string) => text.slice(0, 15)],
    ['nothing', () => ''],
    ['SQL', () => `pw_' or '1'='1_${'x'.repeat(43)}`],
  ])('knows nobody by %s', async (_, wrong) => {
    const { text } = await keys.create({ client: 'acme', role: 'viewer' });
    expect(await keys.identify(wrong(text))).toBeUndefined();
    expect(await keys.identify(text)).toBeDefined();
  });

  it('knows nobody by a key that is revoked, from then on', async () => {
    const { id, text } = await keys.create({ client: 'acme', role: 'viewer' });
    expect(await keys.revoke(id)).toBe(true);
    expect(await keys.identify(text)).toBeUndefined();
    expect(await keys.byId(id)).toBeUndefined();
    expect(await keys.revoke(id)).toBe(false);
    expect(await keys.revoke('000000000000')).toBe(false);
  });

  it('knows nobody by a key that has expired', async () => {
    const past = await keys.create({ client: 'a', role: 'viewer', expiresAt: new Date(Date.now() - 1) });
    expect(await keys.identify(past.text)).toBeUndefined();
    expect(await keys.byId(past.id)).toBeUndefined();
    const future = await keys.create({
      client: 'a',
      role: 'viewer',
      expiresAt: new Date(Date.now() + 60_000),
    });
    expect(await keys.identify(future.text)).toBeDefined();
  });

  it('remembers when a key was used, not at each request', async () => {
    const { text } = await keys.create({ client: 'acme', role: 'viewer' });
    expect(await rows()).toMatchObject([{ last_used_at: null }]);
    await keys.identify(text);
    const [first] = await rows();
    expect(first?.last_used_at).toBeInstanceOf(Date);
    await keys.identify(text);
    expect(await rows()).toEqual([first]);
  });

  it('makes a client of whom a key is made for, except for the hosting service', async () => {
    await keys.create({ client: 'acme', role: 'viewer' });
    await keys.create({ client: 'acme', role: 'publisher' });
    await keys.create({ client: '*', role: 'admin' });
    expect(await db.dataSource.query('select name, disabled_at from auth.clients')).toEqual([
      { name: 'acme', disabled_at: null },
    ]);
  });

  it('knows nobody by a key whose client is disabled, until it is enabled', async () => {
    const { id, text } = await keys.create({ client: 'acme', role: 'publisher' });
    const clients = new Clients(db.dataSource);
    await clients.change('acme', { disabled: true });
    expect([await keys.identify(text), await keys.byId(id)]).toEqual([undefined, undefined]);
    await clients.change('acme', { disabled: false });
    expect(await keys.identify(text)).toBeDefined();
  });

  it('lists keys newest first, page by page, without secrets', async () => {
    const made: string[] = [];
    for (const client of ['a', 'b', 'a', 'a']) {
      made.push((await keys.create({ client, role: 'viewer', publisher: 'build', pods: ['shop'] })).id);
    }
    await keys.revoke(made[3] ?? '');
    const ids = async (filter: object): Promise<string[]> => (await keys.list(filter)).map(({ id }) => id);
    expect(await ids({})).toEqual(made.toReversed());
    expect(await ids({ client: 'a', limit: 2 })).toEqual([made[3], made[2]]);
    expect(await ids({ client: 'a', limit: 2, before: made[2] })).toEqual([made[0]]);
    expect(await ids({ before: '000000000000' })).toEqual([]);
    expect((await keys.list())[0]).toMatchObject({
      ...{ publisher: 'build', pods: ['shop'] },
      revokedAt: expect.any(Date) as Date,
    });
  });

  it('makes sure of a key whose text was chosen elsewhere, once', async () => {
    await Promise.all([1, 2, 3].map(() => keys.ensure(TEXT, { client: '*', role: 'admin' })));
    await keys.ensure(TEXT, { client: 'other', role: 'viewer' });
    expect(await keys.identify(TEXT)).toMatchObject({ client: '*', role: 'admin' });
    expect(await rows()).toHaveLength(1);
  });

  it('does not bring a revoked key back', async () => {
    await keys.ensure(TEXT, { client: '*', role: 'admin' });
    await keys.revoke('a1'.repeat(6));
    await keys.ensure(TEXT, { client: '*', role: 'admin' });
    expect(await keys.identify(TEXT)).toBeUndefined();
  });

  it.each(['', 'pw_short_secret', TEXT.slice(1), `${TEXT}x`])('refuses to make a key of %j', async (text) => {
    await expect(keys.ensure(text, { client: '*', role: 'admin' })).rejects.toThrow(TypeError);
    expect(await rows()).toEqual([]);
  });
});
