/** What somebody may do with a POD (view, publish, approve), or with the hosting service (operate, administer). */
export const rights = ['view', 'publish', 'approve', 'operate', 'administer'] as const;
export type Right = (typeof rights)[number];

/** Rights on PODs: all that a client's publishers can have, and all that can be delegated. */
export const podRights = ['view', 'publish', 'approve'] as const satisfies readonly Right[];
export type PodRight = (typeof podRights)[number];

/**
 * Who may do what, the only place. A role's own right is the last of its row. Publisher and approver do not include each
 * other: who wants a change does not approve it. operator and admin are roles of the hosting service.
 */
// prettier-ignore
export const rightsOf = {
  viewer:    ['view'],
  publisher: ['view', 'publish'],
  approver:  ['view',            'approve'],
  operator:  ['view', 'publish', 'approve', 'operate'],
  admin:     ['view', 'publish', 'approve', 'operate', 'administer'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;

export type KeyRole = keyof typeof rightsOf;
export const keyRoles = Object.keys(rightsOf) as readonly KeyRole[];

/** Roles that a CI system's token can get: a program approves nothing. */
export const tokenRoles = ['viewer', 'publisher'] as const satisfies readonly KeyRole[];
export type TokenRole = (typeof tokenRoles)[number];

/** The right that makes the role what it is: `publish` for publisher. */
export function ownRight(role: KeyRole): Right {
  return rightsOf[role].at(-1) as Right;
}

/** The roles that have this right. */
export function rolesWith(right: Right): KeyRole[] {
  return keyRoles.filter((role) => (rightsOf[role] as readonly Right[]).includes(right));
}

/** Whether it is a role of the hosting service, which no client's publisher can have. */
export function isHostingRole(role: KeyRole): boolean {
  return rightsOf[role].some((right) => !(podRights as readonly Right[]).includes(right));
}
