import { Link, useSearchParams } from 'react-router';
import type { LogLevel, LogLine } from '@podway/contracts';
import { Tail } from '../shown/tail.js';
import { At } from '../shown/times.js';
import { states, type Tone } from '../shown/words.js';

const levelTones: Readonly<Record<LogLevel, Tone>> = { error: 'bad', warning: 'warn', info: 'quiet' };

interface LogTailProps {
  lines: readonly LogLine[];
  /** Number of the line that the address names. */
  at: string | null;
}

/** What installers and checks say on the servers, as they say it. */
export function LogTail({ lines, at }: LogTailProps) {
  return (
    <Tail label="Log" items={lines} keyOf={({ number }) => String(number)} at={at}>
      {(line, marked) => <Line line={line} marked={marked} />}
    </Tail>
  );
}

function Line({ line, marked }: { line: LogLine; marked: boolean }) {
  const { number, at, server, step, part, level, text } = line;
  const [params] = useSearchParams();
  const query = new URLSearchParams(params);
  query.set('line', String(number));
  const where = `${states[step].word}, ${part}`;
  return (
    <div className={marked ? 'line log-line line-marked' : 'line log-line'}>
      <Link to={`?${query.toString()}`} aria-label={`Link to line ${number}`} className="line-link mono">
        {number}
      </Link>
      <At at={at} />
      <span className="level" data-tone={levelTones[level]}>
        {level}
      </span>
      <span className="where">{server}</span>
      <span className="where" title={where}>
        {where}
      </span>
      <span className="what mono">{text}</span>
    </div>
  );
}
