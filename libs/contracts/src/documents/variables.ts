import { IsBoolean, IsOptional, IsString, Matches, MaxLength, ValidateBy } from 'class-validator';
import { FORM } from '../forms.js';
import { ABSOLUTE_PATH } from '../patterns.js';
import { Rule, type Unchecked } from '../rules.js';

/** Names of variables. `db-password` is PODWAY_VAR_DB_PASSWORD for programs and `db_password` in SQL. */
export const VARIABLE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** Environment variables of the installer agent that a POD's file may name. No others: they are Podway's own. */
export const SECRET_ENVIRONMENT = /^PODWAY_SECRET_[A-Z0-9_]+$/;

const LONGEST_NAME = 60;
const LONGEST_VALUE = 4_000;
const LONGEST_PATTERN = 200;
export const MOST_VALUES = 100;

/** Where the installer agent finds a secret: one of its environment variables, or a file of its own folder of secrets. */
export type SecretReference = { readonly env: string } | { readonly file: string };
/** Values by the variables' names: the text itself, or where it is found. */
export type VariableValues = Readonly<Record<string, string | SecretReference>>;

/** Whether it is text that a variable may have. */
export function isVariableText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_VALUE && !value.includes('\0');
}

function referenceProblem(value: object): string | undefined {
  const wanted = 'must be text, {env: PODWAY_SECRET_…} or {file: /path}';
  const entries = Object.entries(value);
  const [[kind, at] = []] = entries;
  if (entries.length !== 1 || typeof at !== 'string' || at.length > LONGEST_VALUE) return wanted;
  if (kind === 'env')
    return SECRET_ENVIRONMENT.test(at) ? undefined : 'env must be like PODWAY_SECRET_DB_PASSWORD';
  if (kind === 'file') return ABSOLUTE_PATH.test(at) ? undefined : 'file must be an absolute path';
  return wanted;
}

function valuesProblem(values: unknown): string | undefined {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    return 'must be names and values, like {edition: pro}';
  }
  const entries = Object.entries(values);
  if (entries.length > MOST_VALUES) return `must have at most ${MOST_VALUES} variables`;
  for (const [name, value] of entries as [string, unknown][]) {
    if (name.length > LONGEST_NAME || !VARIABLE_NAME.test(name)) return `${name} is not a name of a variable`;
    if (isVariableText(value)) continue;
    const isReference = typeof value === 'object' && value !== null && !Array.isArray(value);
    const problem = isReference ? referenceProblem(value) : 'must be text: put it in quotes';
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  return undefined;
}

const only = (field: string, schema: object): object => ({
  type: 'object',
  properties: { [field]: { type: 'string', ...schema } },
  required: [field],
  additionalProperties: false,
});

/** Values of variables. */
export function IsVariableValues(): PropertyDecorator {
  const schema = {
    type: 'object',
    maxProperties: MOST_VALUES,
    propertyNames: { pattern: VARIABLE_NAME.source, maxLength: LONGEST_NAME },
    additionalProperties: {
      anyOf: [
        { type: 'string', maxLength: LONGEST_VALUE },
        only('env', { pattern: SECRET_ENVIRONMENT.source }),
        only('file', { pattern: '^/' }),
      ],
    },
  };
  return ValidateBy({
    name: FORM,
    constraints: [schema],
    validator: {
      validate: (value) => valuesProblem(value) === undefined,
      defaultMessage: (args) => valuesProblem(args?.value) ?? '',
    },
  });
}

function presetProblem(whole: Unchecked<VariableSpec>): string | undefined {
  const { name, default: preset, secret, pattern } = whole;
  if (typeof name === 'string' && name.startsWith('podway-')) return 'names with podway- are our own';
  if (secret === true && preset !== undefined && preset !== null) return 'a secret has no default';
  if (typeof pattern !== 'string') return undefined;
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch {
    return 'pattern is not a regular expression';
  }
}

const presetSchema = {
  allOf: [
    { properties: { name: { not: { pattern: '^podway-' } } } },
    {
      if: { properties: { secret: { const: true } }, required: ['secret'] },
      then: { properties: { default: false } },
    },
  ],
};

/** A variable that a bundle is made to be installed with. */
export class VariableSpec {
  /** Small letters, digits and single `-`: `db-password`. */
  @Matches(VARIABLE_NAME, { message: 'must be a name like db-password: a-z, 0-9 and single -' })
  @MaxLength(LONGEST_NAME)
  @Rule(presetProblem, presetSchema)
  name: string;

  /** For whoever gives it a value. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  description?: string;

  /** Used where neither the server nor the POD nor the client has a value. */
  @IsOptional()
  @IsString({ message: "must be text: put it in quotes, like '1'" })
  @MaxLength(LONGEST_VALUE)
  default?: string;

  /** Without a value nothing is installed. Default: the variable may be left out. */
  @IsOptional()
  @IsBoolean()
  required?: boolean;

  /** Its value is given by reference only, and is never told. */
  @IsOptional()
  @IsBoolean()
  secret?: boolean;

  /** Regular expression (ECMAScript, flag `u`) that the whole value must match. */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_PATTERN)
  pattern?: string;
}
