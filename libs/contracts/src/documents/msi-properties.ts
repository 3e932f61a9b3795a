import { ValidateBy } from 'class-validator';
import { FORM } from '../forms.js';
import { isVariableText, VARIABLE_NAME } from './variables.js';

/** Text, or the value of a variable. */
export type PropertyValue = string | { readonly variable: string };

/** Public properties have no small letters: only those are taken from the command line of msiexec. */
const PROPERTY = /^[A-Z_][A-Z0-9_.]{0,71}$/;
const MOST = 100;

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'must be names and values, like {EDITION: pro}';
  }
  const entries = Object.entries(value) as [string, unknown][];
  if (entries.length > MOST) return `must have at most ${MOST} properties`;
  for (const [name, one] of entries) {
    if (!PROPERTY.test(name)) return `${name} is not the name of a public property`;
    if (variableOf(one) === undefined && !(isVariableText(one) && !/["\r\n]/.test(one))) {
      return `${name} must be text in one line without ", or {variable: name}`;
    }
  }
  return undefined;
}

function variableOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
  const { variable } = value as { variable?: unknown };
  return typeof variable === 'string' && VARIABLE_NAME.test(variable) ? variable : undefined;
}

/** Properties of an MSI package. */
export function IsProperties(): PropertyDecorator {
  const variable = { type: 'string', pattern: VARIABLE_NAME.source };
  const schema = {
    type: 'object',
    maxProperties: MOST,
    propertyNames: { pattern: PROPERTY.source },
    additionalProperties: {
      anyOf: [
        { type: 'string', pattern: '^[^"\\r\\n]*$', maxLength: 4_000 },
        { type: 'object', properties: { variable }, required: ['variable'], additionalProperties: false },
      ],
    },
  };
  return ValidateBy({
    name: FORM,
    constraints: [schema],
    validator: {
      validate: (value) => problemOf(value) === undefined,
      defaultMessage: (args) => problemOf(args?.value) ?? '',
    },
  });
}

/** What cannot be a property: it would be an argument of a program. `declared`: names of the variables that are no secrets. */
export function propertiesProblem(properties: unknown, declared: readonly unknown[]): string | undefined {
  const named =
    typeof properties === 'object' && properties !== null ? Object.values(properties).map(variableOf) : [];
  const unfit = named.find((variable) => variable !== undefined && !declared.includes(variable));
  return unfit === undefined
    ? undefined
    : `properties: ${unfit} is not a variable of this bundle that may be shown`;
}
