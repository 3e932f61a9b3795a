/** What a query may name of the server that is asked about. */
export const queryPlaceholders = ['server', 'address', 'region', 'pod', 'client'] as const;
export type QueryPlaceholder = (typeof queryPlaceholders)[number];

/** Text of a query, or a place in it that is filled for each server. */
type Part = string | { readonly name: string; readonly inRegex: boolean };

/** A query of a metric check that cannot be filled safely. */
class QueryError extends Error {}

/** Says what is wrong with the placeholders of a PromQL query, or undefined. PromQL itself is judged by Prometheus. */
export function metricQueryProblem(query: unknown): string | undefined {
  if (typeof query !== 'string' || query.trim() === '') return 'must be a PromQL query';
  try {
    partsOf(query);
    return undefined;
  } catch (error) {
    if (error instanceof QueryError) return error.message;
    throw error;
  }
}

/**
 * Fills a query for one server. Values stand inside of strings only and are escaped there; in a string that `=~` or
 * `!~` takes, they stand for themselves too.
 */
export function filledQuery(query: string, values: Readonly<Record<QueryPlaceholder, string>>): string {
  const filled = partsOf(query).map((part) => {
    if (typeof part === 'string') return part;
    const value = values[part.name as QueryPlaceholder];
    return escaped(part.inRegex ? value.replace(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`) : value);
  });
  return filled.join('');
}

function escaped(value: string): string {
  return value.replace(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
}

/** A string in double quotes, one in other quotes, a comment, a brace of a placeholder, or a character. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|\{\{|[^]/y;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

function partsOf(query: string): Part[] {
  const parts: Part[] = [];
  let before = '';
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < query.length;) {
    const token = TOKEN.exec(query)?.[0] ?? '';
    if (token.length === 1 && `"'\``.includes(token)) throw new QueryError('has a string that does not end');
    if (token === '#') throw new QueryError('must have no comments');
    const isString = token.startsWith('"') && token.length > 1;
    if (!isString && token.includes('{{'))
      throw new QueryError('has a placeholder outside of a string in double quotes');
    parts.push(...(isString ? stringParts(token, /[=!]~\s*$/.test(before)) : [token]));
    before = `${before}${token}`.slice(-20);
  }
  return parts;
}

function stringParts(token: string, inRegex: boolean): Part[] {
  return token.split(PLACEHOLDER).map((text, index) => {
    if (index % 2 === 0) {
      if (text.includes('{{')) throw new QueryError('has a placeholder that does not end');
      return text;
    }
    if (!(queryPlaceholders as readonly string[]).includes(text))
      throw new QueryError(`has the placeholder {{${text}}}; there are ${queryPlaceholders.join(', ')}`);
    return { name: text, inRegex };
  });
}
