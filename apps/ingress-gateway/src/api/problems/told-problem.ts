import { InvalidInputError, PodwayError, type Problem } from '@podway/contracts';
import { problemKindOf } from './problem-kinds.js';

export type ToldProblem = Pick<Problem, 'status' | 'title' | 'code' | 'detail' | 'problems'>;

/** What whoever asked is told of an error, over HTTP and over AMQP; undefined for what is not meant for outside. */
export function toldOf(error: unknown): ToldProblem | undefined {
  if (!(error instanceof PodwayError)) return undefined;
  const kind = problemKindOf(error.code);
  if (!kind) return undefined;
  const problems = error instanceof InvalidInputError ? { problems: [...error.problems] } : {};
  return { ...kind, code: error.code, detail: error.message, ...problems };
}
