import { EVERY_CLIENT, type Visible } from './access.js';

/**
 * The condition of a query that finds what is visible. `client` and `pod` are expressions of the query;
 * `bind` keeps a value and returns its place in the query.
 */
export function visibleWhere(
  visible: Visible | undefined,
  { client, pod }: { client: string; pod: string },
  bind: (value: unknown) => string,
): string {
  if (visible === undefined) return 'true';
  const parts = visible.map((scope) => {
    const ofClient = scope.client === EVERY_CLIENT ? [] : [`${client} = ${bind(scope.client)}`];
    const ofPods = scope.pods === undefined ? [] : [`${pod} = any(${bind(scope.pods)})`];
    return `(${[...ofClient, ...ofPods].join(' and ')})`;
  });
  return parts.length === 0 ? 'false' : `(${parts.join(' or ')})`;
}
