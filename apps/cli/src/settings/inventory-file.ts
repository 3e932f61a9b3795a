import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { InvalidInputError, PodsFile, validated } from '@podway/contracts';
import { InvalidFileError } from '../cli.errors.js';

/** What is no YAML at all has thousands. */
const MOST_PROBLEMS = 20;

/** Reads `pods.yaml`. @throws InvalidFileError */
export function readInventoryFile(file: string): Promise<PodsFile> {
  return readYamlFile(file, PodsFile);
}

/**
 * Reads a file that holds one document of a kind.
 * @throws InvalidFileError naming the line of each problem where that is known.
 */
export async function readYamlFile<T extends object>(file: string, type: new () => T): Promise<T> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new InvalidFileError(file, [error.message], error);
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => at(lines.linePos(error.pos[0]).line, error.message));
    throw new InvalidFileError(file, problems.slice(0, MOST_PROBLEMS));
  }
  try {
    return validated(type, document.toJS({ maxAliasCount: 100 }), { strict: true, subject: file });
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const problems = error.problems.map((problem) => at(lineOf(document, lines, problem), problem));
    throw new InvalidFileError(file, problems, error);
  }
}

function at(line: number | undefined, problem: string): string {
  return line === undefined ? problem : `line ${line}: ${problem}`;
}

/** The line of `pods.0.servers.1.http: …`, or of the nearest part around it that is there. */
function lineOf(document: Document, lines: LineCounter, problem: string): number | undefined {
  const path = (/^[A-Za-z0-9_.-]+(?=:)/.exec(problem)?.[0] ?? '').split('.');
  const keys = path.map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));
  for (let length = keys.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(keys.slice(0, length), true);
    const range = (node as { range?: [number, number, number] } | null | undefined)?.range;
    if (range) return lines.linePos(range[0]).line;
  }
  return undefined;
}
