import { InvalidInputError } from '@podway/contracts';

/** The null character and half surrogate pairs: neither can be stored, nor are they text that somebody meant. */
const UNSTORABLE = /\u0000|\p{Surrogate}/u;

/**
 * Refuses texts that the database would, wherever they are in `value`.
 * @throws InvalidInputError
 */
export function refuseUnstorableText(subject: string, value: unknown): void {
  let level: unknown[] = [value];
  while (level.length > 0) {
    if (level.some((one) => typeof one === 'string' && UNSTORABLE.test(one))) {
      throw new InvalidInputError(subject, ['a text has a null character, or half of a surrogate pair']);
    }
    level = level.flatMap((one): unknown[] =>
      typeof one === 'object' && one !== null ? [...Object.keys(one), ...Object.values(one)] : [],
    );
  }
}
