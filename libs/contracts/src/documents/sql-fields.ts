import type { Unchecked } from '../rules.js';
import type { Component } from './component.js';

export const sqlEngines = ['postgresql', 'mariadb'] as const;
export type SqlEngine = (typeof sqlEngines)[number];

/** Versions of a schema: `4`, `2024-01`. */
export const SCHEMA_VERSION = /^[A-Za-z0-9._-]{1,60}$/;
export const DATABASE_NAME = /^[a-z_][a-z0-9_]{0,47}$/;

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

export function sqlProblem(whole: Unchecked<Component>): string | undefined {
  const { installer, direction, down, expectedVersion, version } = whole;
  if (installer !== 'sql') return undefined;
  if (direction === 'down' && !isSet(down)) return 'direction: down needs down';
  return isSet(version) && version === expectedVersion
    ? 'version and expectedVersion are the same'
    : undefined;
}

/** The same for editors, as far as it can be said. */
export const sqlSchema = {
  allOf: [
    {
      if: { properties: { direction: { const: 'down' } }, required: ['direction'] },
      then: { required: ['down'] },
    },
  ],
};
