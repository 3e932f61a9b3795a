/** One value of JSON. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * The one text that stands for a value: no white space, properties sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them. RFC 8785. Properties without a value are left out.
 * @throws TypeError for numbers that JSON does not have.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not JSON`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).flatMap(([name, one]) =>
    one === undefined ? [] : [[name, one] as const],
  );
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`;
}

// Array.isArray does not narrow a readonly list.
function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
