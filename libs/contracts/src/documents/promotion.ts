import type { Unchecked } from '../rules.js';
import type { PodSpec } from './pods-file.js';

export const promotions = ['replicate', 'install'] as const;
/** How the other servers come to a verified release: it is carried to them, or the installers run on each. */
export type Promotion = (typeof promotions)[number];

/** What all servers share is changed by the canary's installers already. Each of the others would change it once more. */
export function promotionProblem({ policy, state }: Unchecked<PodSpec>): string | undefined {
  const { promotion } = (policy ?? {}) as { promotion?: unknown };
  const { parts } = (state ?? {}) as { parts?: unknown };
  if (promotion !== 'install' || !Array.isArray(parts)) return undefined;
  const shared = (parts as { name?: unknown; scope?: unknown }[]).find((part) => part?.scope === 'pod');
  if (!shared) return undefined;
  return `policy.promotion is install: the part ${String(shared.name)} is shared by all servers, and each would change it again`;
}
