import { ValidateBy } from 'class-validator';

/** Constraint that is about the whole object; its first argument is a JSON Schema that the class has besides. */
export const RULE = 'podwayRule';

/** An object before it is known to have the declared form. */
export type Unchecked<T> = { readonly [K in keyof T]?: unknown };

/**
 * A rule about the whole object, hung on one of its required properties and told there.
 * `problem` says what is wrong, or undefined; it gets objects whose properties may have any form.
 */
export function Rule<T extends object>(
  problem: (whole: Unchecked<T>) => string | undefined,
  schema: object = {},
): PropertyDecorator {
  return ValidateBy({
    name: RULE,
    constraints: [schema],
    validator: {
      validate: (_, args) => problem(args?.object as Unchecked<T>) === undefined,
      defaultMessage: (args) => problem(args?.object as Unchecked<T>) ?? '',
    },
  });
}

/** Properties that one kind must have, and those that it may have besides. */
export interface FieldsOfKind {
  readonly needs?: readonly string[];
  readonly takes?: readonly string[];
}

/** On a property that says of which kind the object is: which other properties go with which kind. */
export function DecidesFields(kinds: Readonly<Record<string, FieldsOfKind>>): PropertyDecorator {
  const governed = [...new Set(Object.values(kinds).flatMap(fieldsOf))];
  const foreign = (fields: FieldsOfKind): string[] =>
    governed.filter((field) => !fieldsOf(fields).includes(field));
  return (target, key) => {
    const property = String(key);
    const problem = (whole: Unchecked<Record<string, unknown>>): string | undefined => {
      const kind = String(whole[property]);
      const fields = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
      if (!fields) return undefined;
      const isSet = (field: string): boolean => whole[field] !== undefined && whole[field] !== null;
      const missing = (fields.needs ?? []).filter((field) => !isSet(field));
      const tooMuch = foreign(fields).filter(isSet);
      const reasons = [
        ...(missing.length > 0 ? [`${kind} needs ${missing.join(' and ')}`] : []),
        ...(tooMuch.length > 0 ? [`${kind} takes no ${tooMuch.join(' and no ')}`] : []),
      ];
      return reasons.length > 0 ? reasons.join('; ') : undefined;
    };
    const branches = Object.entries(kinds).map(([kind, fields]) => ({
      if: { properties: { [property]: { const: kind } } },
      then: {
        ...(fields.needs?.length ? { required: fields.needs } : {}),
        properties: Object.fromEntries(foreign(fields).map((field) => [field, false])),
      },
    }));
    Rule(problem, { allOf: branches })(target, key);
  };
}

function fieldsOf({ needs = [], takes = [] }: FieldsOfKind): string[] {
  return [...needs, ...takes];
}
