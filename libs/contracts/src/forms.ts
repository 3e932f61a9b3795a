import 'reflect-metadata';
import {
  IsDefined,
  IsISO8601,
  IsOptional,
  Matches,
  ValidateBy,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { Type } from 'class-transformer';
import { Cron } from 'croner';
import { ABSOLUTE_PATH, NAME, RELATIVE_PATH, TIMESTAMP } from './patterns.js';

/** Constraint of a property whose first argument is its JSON Schema. */
export const FORM = 'podwayForm';

type Problem = string | undefined;

/** A form of a property that class-validator does not know. `problem` gets whatever was sent. */
function form(problem: (value: unknown) => Problem, schema: object): PropertyDecorator {
  return ValidateBy({
    name: FORM,
    constraints: [schema],
    validator: {
      validate: (value) => problem(value) === undefined,
      defaultMessage: (args) => problem(args?.value) ?? '',
    },
  });
}

/** Composes decorators as if they stood one below the other. */
function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, key) => {
    for (const decorator of decorators.toReversed()) decorator(target, key);
  };
}

/** A nested object of a declared class, or a list of such where the property is declared as an array; required. */
export function Nested(type: () => new () => object, { optional = false } = {}): PropertyDecorator {
  return (target, key) => {
    const isList = Reflect.getMetadata('design:type', target, key) === Array;
    (optional ? IsOptional() : IsDefined({ message: 'is missing' }))(target, key);
    form(isList ? listProblem : objectProblem, {})(target, key);
    ValidateNested({ message: 'must be an object' })(target, key as string);
    Type(type)(target, key as string);
  };
}

// class-validator takes a list of objects for an object, and lists in lists.
function objectProblem(value: unknown): Problem {
  return Array.isArray(value) ? 'must be one object, not a list' : undefined;
}

function listProblem(value: unknown): Problem {
  if (!Array.isArray(value)) return 'must be a list';
  const at = value.findIndex((entry) => Array.isArray(entry));
  return at === -1 ? undefined : `entry ${at} must be an object, not a list`;
}

const MOST_ARGUMENTS = 1_000;
const LONGEST_ARGUMENT = 4_000;

function programProblem(value: unknown): Problem {
  const wanted = 'must be a list of a program and its arguments, like [systemctl, reload, nginx]';
  if (!Array.isArray(value) || value.length === 0) return wanted;
  if (value.length > MOST_ARGUMENTS) return `must have at most ${MOST_ARGUMENTS} entries`;
  const at = value.findIndex((entry) => typeof entry !== 'string');
  if (at !== -1) return `entry ${at} must be text: put it in quotes`;
  if (value[0] === '') return 'must begin with a program';
  const entries = value as string[];
  if (entries.some((entry) => entry.includes('\0'))) return 'must not have NUL characters';
  return entries.some((entry) => entry.length > LONGEST_ARGUMENT)
    ? `entries must have at most ${LONGEST_ARGUMENT} characters`
    : undefined;
}

/** A program and its arguments, as they are given to it: no shell is involved. */
export function IsProgram(): PropertyDecorator {
  const items = { type: 'string', maxLength: LONGEST_ARGUMENT };
  return form(programProblem, { type: 'array', items, minItems: 1, maxItems: MOST_ARGUMENTS });
}

/** Objects in a list of which no two have the same `name`. */
export function UniqueNames(): PropertyDecorator {
  const problem = (value: unknown): Problem => {
    if (!Array.isArray(value)) return 'must be a list';
    const names = value.map((entry: { name?: unknown } | null) => entry?.name);
    const twice = names.find((name, index) => name !== undefined && names.indexOf(name) < index);
    return twice === undefined ? undefined : `the name ${String(twice)} is there twice`;
  };
  // Unique by a name inside of each entry cannot be said in JSON Schema; unique as a whole can.
  return form(problem, { uniqueItems: true });
}

/** A name of a client, POD, server or component. */
export function IsName(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a name: at most 63 of a-z, 0-9 and -, with no - at its ends';
  return Matches(NAME, { message, ...options });
}

export function IsRelativePath(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a relative path without empty, . and .. parts';
  return Matches(RELATIVE_PATH, { message, ...options });
}

export function IsAbsolutePath(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be an absolute path below /, without empty, . and .. parts';
  return Matches(ABSOLUTE_PATH, { message, ...options });
}

function cronProblem(value: unknown): Problem {
  const wanted = 'must be a cron line of five fields, like 0 2 * * 1-5';
  if (typeof value !== 'string' || value.length > 100 || value.trim().split(/\s+/).length !== 5)
    return wanted;
  try {
    new Cron(value, { paused: true });
    return undefined;
  } catch {
    return wanted;
  }
}

/** Minute, hour, day of month, month and day of week. */
export function IsCron(): PropertyDecorator {
  return form(cronProblem, { type: 'string', maxLength: 100 });
}

function timeZoneProblem(value: unknown): Problem {
  try {
    if (typeof value !== 'string' || value.length > 64) throw new RangeError();
    new Intl.DateTimeFormat('en', { timeZone: value });
    return undefined;
  } catch {
    return 'must be the name of a time zone, like Europe/Berlin';
  }
}

/** A time zone of the IANA database. */
export function IsTimeZone(): PropertyDecorator {
  return form(timeZoneProblem, { type: 'string', maxLength: 64 });
}

/** A moment: RFC 3339. */
export function IsTimestamp(): PropertyDecorator {
  return all(
    Matches(TIMESTAMP, { message: 'must be a time like 2026-01-31T12:00:00.000Z' }),
    IsISO8601({ strict: true }),
  );
}

function releaseProblem(value: unknown): Problem {
  const isNumber = Number.isSafeInteger(value) && (value as number) >= 1;
  return isNumber || value === 'previous' ? undefined : 'must be the number of a release, or previous';
}

/** A kept release: by its number, or `previous`. */
export function IsReleaseReference(): PropertyDecorator {
  return form(releaseProblem, { oneOf: [{ type: 'integer', minimum: 1 }, { const: 'previous' }] });
}
