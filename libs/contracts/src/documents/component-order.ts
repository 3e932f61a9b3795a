import type { Unchecked } from '../rules.js';
import type { BundleManifest } from './bundle-manifest.js';
import type { Component } from './component.js';
import { conditionProblem, type Condition } from './condition.js';
import { propertiesProblem } from './msi-properties.js';

interface Ordered {
  readonly name: string;
  readonly needs?: readonly string[];
}

/** In the order given, but each after what it needs. What is in a cycle, or needs something of one, is left over. */
export function orderedByNeeds<C extends Ordered>(components: readonly C[]): { ordered: C[]; left: C[] } {
  const ordered: C[] = [];
  const done = new Set<string>();
  let left = [...components];
  for (;;) {
    const next = left.find(({ needs = [] }) => needs.every((name) => done.has(name)));
    if (!next) return { ordered, left };
    ordered.push(next);
    done.add(next.name);
    left = left.filter((one) => one !== next);
  }
}

const namesOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What is wrong between the components of a manifest, and between them and its variables. */
export function componentsProblem({ components, variables }: Unchecked<BundleManifest>): string | undefined {
  if (!Array.isArray(components)) return undefined;
  const all = (components as (Unchecked<Component> | null)[]).map((one) => ({
    name: String(one?.name),
    needs: namesOf(one?.needs),
    properties: one?.properties,
    when: one?.when as Unchecked<Condition> | null | undefined,
  }));
  const names = new Set(all.map(({ name }) => name));
  for (const { name, needs } of all) {
    const unknown = needs.find((one) => !names.has(one));
    if (unknown !== undefined) return `${name} needs ${unknown}, which is not there`;
  }
  const { left } = orderedByNeeds(all);
  if (left.length > 0) return `${left.map(({ name }) => name).join(', ')} need each other`;
  const known = Array.isArray(variables) ? (variables as Record<string, unknown>[]) : [];
  const open = known.filter((one) => one?.secret !== true).map((one) => one?.name);
  for (const { name, when, properties } of all) {
    const asked = typeof when === 'object' && when !== null ? conditionProblem(when, open) : undefined;
    const problem = asked ?? propertiesProblem(properties, open);
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  return undefined;
}
