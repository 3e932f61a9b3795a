import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { PodwayError } from './errors.js';

/** The input does not have the declared form. `details.problems` lists each place and reason. Not retryable. */
export class InvalidInputError extends PodwayError {
  constructor(
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super('INPUT.INVALID', `${subject} is not valid: ${problems.join('; ')}`, { details: { problems } });
  }
}

/** Deeper data than any of ours; what comes after is recursive. */
const MOST_DEPTH = 32;

/** What class-transformer must not be given: it recurses, and takes a property `constructor` for the class. */
function unfit(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= MOST_DEPTH) return `more than ${MOST_DEPTH} levels deep`;
  if (Object.hasOwn(value, 'constructor')) return 'a property cannot be called constructor';
  for (const one of Object.values(value)) {
    const problem = unfit(one, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** One reason for a property: that of its topmost decorator, which asks for the kind of value. */
function reasonOf({ property, value, constraints = {} }: ValidationError): string[] {
  const reason = Object.values(constraints).at(-1);
  if (reason === undefined) return [];
  if ('whitelistValidation' in constraints) return ['is not known here'];
  if (value === undefined || value === null) return ['is missing'];
  return [reason.startsWith(`${property} `) ? reason.slice(property.length + 1) : reason];
}

function flatten(errors: readonly ValidationError[], path: string): string[] {
  return errors.flatMap((error) => {
    const here = path ? `${path}.${error.property}` : error.property;
    const own = reasonOf(error).map((reason) => `${here}: ${reason}`);
    // What is below something that should be a list was read as one object.
    if ('isArray' in (error.constraints ?? {})) return own;
    return [...own, ...flatten(error.children ?? [], here)];
  });
}

/**
 * Turns plain data into an instance of `type`, or throws {@link InvalidInputError}.
 * Unknown properties are refused when `strict` (input of people), and dropped otherwise
 * (messages, so that an older reader understands a newer writer).
 */
export function validated<T extends object>(
  type: new () => T,
  plain: unknown,
  { strict = false, subject = type.name }: { strict?: boolean; subject?: string } = {},
): T {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    throw new InvalidInputError(subject, ['an object is required']);
  }
  const problem = unfit(plain);
  if (problem !== undefined) throw new InvalidInputError(subject, [problem]);
  const instance = plainToInstance(type, plain, { exposeDefaultValues: true });
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: strict,
    forbidUnknownValues: true,
  });
  if (errors.length > 0) throw new InvalidInputError(subject, flatten(errors, ''));
  return instance;
}
