import { orderedByNeeds, type Component, type Condition } from '@podway/contracts';
import type { Variables } from './variables.js';

/** What conditions of components ask about. */
export interface ConditionFacts {
  readonly variables: Variables;
  readonly osId?: string | undefined;
  readonly region?: string | undefined;
}

export interface ComponentPlan {
  /** To be applied, in this order. */
  readonly components: readonly Component[];
  /** Names of those that are left out, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** Which components are applied on this server, and in which order. */
export function planComponents(all: readonly Component[], facts: ConditionFacts): ComponentPlan {
  const components: Component[] = [];
  const leftOut: { name: string; reason: string }[] = [];
  // The manifest was refused if there were cycles.
  for (const component of orderedByNeeds(all).ordered) {
    const { name, needs = [], when } = component;
    const lacking = needs.find((one) => leftOut.some((out) => out.name === one));
    const reason =
      lacking === undefined ? when && unfulfilled(when, facts) : `it needs ${lacking}, which is left out`;
    if (reason === undefined) components.push(component);
    else leftOut.push({ name, reason });
  }
  return { components, leftOut };
}

function unfulfilled(when: Condition, { variables, osId, region }: ConditionFacts): string | undefined {
  const { variable, is = [] } = when;
  if (variable !== undefined) {
    const value = variables.plain(variable);
    if (value === undefined || !is.includes(value)) return `${variable} is not ${is.join(' or ')}`;
  }
  if (when.os && !when.os.includes(osId ?? '')) return `the operating system is not ${when.os.join(' or ')}`;
  if (when.region && !when.region.includes(region ?? ''))
    return `the region is not ${when.region.join(' or ')}`;
  return undefined;
}
