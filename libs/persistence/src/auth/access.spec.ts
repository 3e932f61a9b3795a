import { describe, expect, it } from 'vitest';
import { keyRoles, rights, rightsOf } from '@podway/contracts';
import { delegatedScope, may, mayActAs, ownScope, visibleTo, type Identity, type Scope } from './access.js';

const identity = (role: Identity['role'], client = 'acme', scopes?: Scope[]): Identity => ({
  ...{ keyId: 'k', client, role },
  ...(scopes ? { scopes } : {}),
});

describe('roles', () => {
  // Row: a role. Column: whether it may act as viewer, publisher, approver, operator, admin.
  // prettier-ignore
  it.each([
    ['viewer',    'acme', 'v    '],
    ['publisher', 'acme', 'vp   '],
    ['approver',  'acme', 'v a  '],
    ['viewer',    '*',    'v    '],
    ['publisher', '*',    'vp   '],
    ['approver',  '*',    'v a  '],
    ['operator',  '*',    'vpao '],
    ['admin',     '*',    'vpaoA'],
    // Cannot be made; were it there, it would have no right beyond its client's PODs.
    ['admin',     'acme', 'vpa  '],
  ] as const)('%s of %s may act as %j', (role, client, letters) => {
    const may = keyRoles.map((other, n) => (mayActAs(identity(role, client), other) ? 'vpaoA'[n] : ' '));
    expect(may.join('')).toBe(letters);
  });

  it('name known rights only, all can look, and each has a right of its own', () => {
    for (const role of keyRoles) {
      expect(rights).toEqual(expect.arrayContaining([...rightsOf[role]]));
      expect(rightsOf[role]).toContain('view');
    }
    expect(new Set(keyRoles.map((role) => rightsOf[role].at(-1))).size).toBe(keyRoles.length);
  });
});

describe('scopes', () => {
  it('end at the client, and at the PODs of a key that is for some', () => {
    const all = identity('publisher');
    expect([may(all, 'publish', 'acme', 'shop'), may(all, 'publish', 'acme')]).toEqual([true, true]);
    expect(may(all, 'publish', 'rival', 'shop')).toBe(false);
    const credential = { keyId: 'k', client: 'acme', role: 'publisher', pods: ['shop'] } as const;
    const some = identity('publisher', 'acme', [ownScope(credential)]);
    expect(['shop', 'blog', undefined].map((pod) => may(some, 'view', 'acme', pod))).toEqual([
      ...[true, false, false],
    ]);
  });

  it('of a delegation never exceed what the credential itself may', () => {
    const delegated = { client: 'acme', pods: ['shop', 'blog'], rights: ['view', 'publish'] } as const;
    const viewer = { keyId: 'k', client: 'agency', role: 'viewer' } as const;
    expect(delegatedScope(viewer, delegated)).toEqual({ ...delegated, rights: ['view'] });
    const narrow = { keyId: 'k', client: 'agency', role: 'publisher', pods: ['blog', 'own'] } as const;
    expect(delegatedScope(narrow, delegated)).toEqual({ ...delegated, pods: ['blog'] });
  });

  it('say what lists show', () => {
    expect(visibleTo(identity('operator', '*'))).toBeUndefined();
    expect(visibleTo(identity('viewer'))).toEqual([{ client: 'acme' }]);
    const scopes: Scope[] = [
      { client: 'agency', rights: ['view'] },
      { client: 'acme', pods: ['shop'], rights: ['view', 'publish'] },
      { client: 'other', pods: ['x'], rights: [] },
    ];
    expect(visibleTo(identity('viewer', 'agency', scopes))).toEqual([
      { client: 'agency' },
      { client: 'acme', pods: ['shop'] },
    ]);
  });
});
