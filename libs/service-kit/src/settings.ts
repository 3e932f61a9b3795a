import 'reflect-metadata';
import { InvalidInputError, PodwayError, SECRET_ENVIRONMENT, validated } from '@podway/contracts';

/** A process was started with settings that it cannot work with. Says which, and why. */
export class InvalidSettingsError extends PodwayError {
  constructor(problems: readonly string[]) {
    super('SETTINGS.INVALID', `Settings are not valid:\n  ${problems.join('\n  ')}`, {
      details: { problems },
    });
  }
}

interface SettingDefinition {
  key: string;
  variable: string;
  kind: 'text' | 'integer' | 'boolean';
  secret: boolean;
}

const SETTINGS = Symbol('podway:settings');

/**
 * Binds a property of a settings class to an environment variable. The property's initial value is the default;
 * an empty variable counts as unset. Validate with class-validator's decorators besides.
 */
export function Setting(
  variable: string,
  kind: SettingDefinition['kind'] = 'text',
  { secret = false } = {},
): PropertyDecorator {
  return (target, key) => {
    const own = (Reflect.getMetadata(SETTINGS, target) as SettingDefinition[] | undefined) ?? [];
    Reflect.defineMetadata(SETTINGS, [...own, { key: String(key), variable, kind, secret }], target);
  };
}

/** The settings of a class, for documents: variable names, in order of declaration. */
export function settingsOf(type: new () => object): readonly SettingDefinition[] {
  return (Reflect.getMetadata(SETTINGS, type.prototype as object) as SettingDefinition[] | undefined) ?? [];
}

function parse(definition: SettingDefinition, text: string): unknown {
  if (definition.kind === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (definition.kind === 'boolean')
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  return text;
}

/** The process's environment with some variables replaced: for a process that makes some of its parts itself. */
export function environmentWith(replaced: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...replaced };
}

/** A secret of the process's environment. The name is like PODWAY_SECRET_DB_PASSWORD; others are not read. */
export function secretFromEnvironment(name: string): string | undefined {
  const text = SECRET_ENVIRONMENT.test(name) ? process.env[name] : undefined;
  return text === '' ? undefined : text;
}

/**
 * Reads settings from the environment, the only place where Podway does.
 * @throws InvalidSettingsError naming each variable that is wrong or missing.
 */
export function readSettings<S extends object>(type: new () => S, env: NodeJS.ProcessEnv = process.env): S {
  const definitions = settingsOf(type);
  const plain: Record<string, unknown> = {};
  for (const definition of definitions) {
    const text = env[definition.variable];
    if (text !== undefined && text !== '') plain[definition.key] = parse(definition, text);
  }
  try {
    return validated(type, plain, { subject: 'Settings' });
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const named = error.problems.map((problem) => {
      const definition = definitions.find((one) => problem.startsWith(`${one.key}:`));
      return definition ? `${definition.variable}: ${problem.slice(definition.key.length + 2)}` : problem;
    });
    throw new InvalidSettingsError(named);
  }
}
