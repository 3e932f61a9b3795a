import { expect, it } from 'vitest';
import type { LogLine, LogsQuery } from '@podway/contracts';
import { allLines } from './log-lines.js';

const line = (number: number): LogLine => ({
  ...{ number, at: '2030-01-01T00:00:00.000Z', server: 'web1', step: 'Installing', part: 'site' },
  ...{ run: 0, line: number - 1, level: 'info', text: `said ${number}` },
});

/** Three lines, two a page. */
function pages(asked: LogsQuery[]) {
  return {
    logs: async (_: string, query: LogsQuery = {}) => {
      asked.push(query);
      return query.after === 0 ? { lines: [line(1), line(2)], next: 2 } : { lines: [line(3)] };
    },
  };
}

it('reads a whole log page by page, by the filters of the view', async () => {
  const asked: LogsQuery[] = [];
  let text = '';
  const all = allLines(pages(asked), 'd', { server: 'web1' }, new AbortController().signal);
  for await (const part of all) text += part;
  expect(text.split('\n')).toEqual([
    ...[1, 2, 3].map((n) => `${n} 2030-01-01T00:00:00.000Z info web1 Installing site: said ${n}`),
    '',
  ]);
  expect(asked.map(({ server, after }) => [server, after])).toEqual([
    ['web1', 0],
    ['web1', 2],
  ]);
});

it('asks for no further page when nobody waits for it any more', async () => {
  const asked: LogsQuery[] = [];
  const over = new AbortController();
  for await (const _ of allLines(pages(asked), 'd', {}, over.signal)) over.abort();
  expect(asked).toHaveLength(1);
});
