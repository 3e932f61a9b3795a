import type { Unchecked } from '../rules.js';

export const canaryPolicies = ['first', 'least-loaded', 'round-robin', 'pinned'] as const;
export type CanaryPolicy = (typeof canaryPolicies)[number];

export const loadSources = ['servers', 'accesses'] as const;
export type LoadSource = (typeof loadSources)[number];

interface Named {
  canary: unknown;
  canaryServer: unknown;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

export function pinnedProblem({ canary, canaryServer }: Unchecked<Named>): string | undefined {
  return canary === 'pinned' && !isSet(canaryServer) ? 'pinned needs canaryServer' : undefined;
}

export function canaryServerProblem({ canary }: Unchecked<Named>): string | undefined {
  return canary === 'pinned' ? undefined : 'goes only with canary: pinned';
}

/** Both of them. */
export const pinnedSchema = {
  if: { required: ['canary'], properties: { canary: { const: 'pinned' } } },
  then: { required: ['canaryServer'] },
  else: { properties: { canaryServer: false } },
};

/** A pinned canary that the POD does not have. */
export function namedCanaryProblem({
  servers,
  policy,
}: Unchecked<{ servers: unknown; policy: unknown }>): string | undefined {
  const { canaryServer } = (policy ?? {}) as { canaryServer?: unknown };
  if (!Array.isArray(servers) || typeof canaryServer !== 'string') return undefined;
  const names = (servers as ({ name?: unknown } | null)[]).map((server) => server?.name);
  return names.includes(canaryServer)
    ? undefined
    : `canaryServer is ${canaryServer}, which is no server of the POD`;
}
