import { Script } from 'node:vm';
import { isVariableText, PodwayError, type VariableSpec, type VariableValues } from '@podway/contracts';
import { Redactor } from './redaction.js';

/** The bundle's variables do not get values that they may have. Nothing was touched. */
export class VariablesInvalidError extends PodwayError {
  constructor(server: string, problems: readonly string[]) {
    super('INSTALL.VARIABLES_INVALID', `${server}: ${problems.join('; ')}`, {
      details: { server, problems },
    });
  }
}

/** Where the values of secrets are. Undefined: not there, or not to be read. */
export interface SecretSource {
  environment(name: string): string | undefined;
  file(path: string): Promise<string | undefined>;
}

interface Value {
  readonly text: string;
  readonly secret: boolean;
}

/** What a redactor can still tell from other text. */
const SHORTEST_SECRET = 4;
/** Longest time that the pattern of a variable is tried for. It is the publisher's, and may be endless. */
const PATTERN_MS = 100;

/** The values that a bundle is installed with on one server. */
export class Variables {
  readonly redactor: Redactor;

  constructor(private readonly values: ReadonlyMap<string, Value>) {
    this.redactor = new Redactor([...values.values()].filter(({ secret }) => secret).map(({ text }) => text));
  }

  value(name: string): string | undefined {
    return this.values.get(name)?.text;
  }

  /** The value of a variable that may be shown, and be an argument of a program. */
  plain(name: string): string | undefined {
    const value = this.values.get(name);
    return value?.secret ? undefined : value?.text;
  }

  get hasSecrets(): boolean {
    return [...this.values.values()].some(({ secret }) => secret);
  }

  names(): string[] {
    return [...this.values.keys()];
  }

  /** As programs get them: `PODWAY_VAR_<NAME>`. */
  environment(): Record<string, string> {
    return Object.fromEntries([...this.values].map(([name, { text }]) => [environmentName(name), text]));
  }
}

export const noVariables = new Variables(new Map());

export function environmentName(variable: string): string {
  return `PODWAY_VAR_${variable.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Values of the variables that a bundle declares: those that were given, the first ones first, before the bundle's default.
 * What is given by reference is a secret, whatever the bundle says of it.
 * @throws VariablesInvalidError naming all that is wrong, and no value of a secret
 */
export async function resolveVariables(
  declared: readonly VariableSpec[],
  given: { server: string; values: readonly (VariableValues | undefined)[] },
  secrets: SecretSource,
): Promise<Variables> {
  const values = new Map<string, Value>();
  const problems: string[] = [];
  for (const spec of declared) {
    const value = await valueOf(spec, given.values, secrets);
    const problem = typeof value === 'string' ? value : value && problemOf(spec, value);
    if (problem !== undefined) problems.push(`the variable ${spec.name} ${problem}`);
    else if (typeof value === 'object') values.set(spec.name, value);
    else if (spec.required) problems.push(`the variable ${spec.name} has no value`);
  }
  if (problems.length > 0) throw new VariablesInvalidError(given.server, problems);
  return new Variables(values);
}

/** A string is a problem. */
async function valueOf(
  { name, secret = false, default: preset }: VariableSpec,
  given: readonly (VariableValues | undefined)[],
  secrets: SecretSource,
): Promise<Value | string | undefined> {
  const value = given.find((values) => values && Object.hasOwn(values, name))?.[name];
  if (value === undefined) return preset === undefined ? undefined : { text: preset, secret };
  if (typeof value === 'string') {
    return secret ? 'is secret: its value is given as {env: …} or {file: …}' : { text: value, secret };
  }
  const [text, where] =
    'env' in value
      ? [secrets.environment(value.env), `the environment variable ${value.env}`]
      : [await secrets.file(value.file), `the file ${value.file}`];
  return text === undefined ? `is not to be had from ${where}` : { text, secret: true };
}

function problemOf({ pattern }: VariableSpec, { text, secret }: Value): string | undefined {
  if (!isVariableText(text)) return 'has a value that is too long, or has a NUL character';
  if (secret && text.length < SHORTEST_SECRET) {
    return `is a secret of less than ${SHORTEST_SECRET} characters, which cannot be kept out of what programs say`;
  }
  if (pattern === undefined) return undefined;
  try {
    const matches = new Script('new RegExp(`^(?:${pattern})$`, "u").test(text)').runInNewContext(
      { pattern, text },
      { timeout: PATTERN_MS },
    ) as boolean;
    return matches ? undefined : `does not match ${pattern}`;
  } catch {
    return `cannot be matched with ${pattern}`;
  }
}
