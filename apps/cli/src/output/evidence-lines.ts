import type { Measure, ProbeEvidence } from '@podway/contracts';
import { harmless, table, wrapped } from './text.js';

const INDENT = 4;

/**
 * What the probes saw, for people. One that did not pass: who, what, and below it why and by which numbers. `measured`:
 * those that passed and measured something, too.
 */
export function evidenceLines(
  evidence: readonly ProbeEvidence[],
  columns: number,
  { measured = false } = {},
): string[] {
  const shown = evidence.filter((one) => one.verdict !== 'passed' || (measured && numbers(one).length > 0));
  if (shown.length === 0) return [];
  const heads = table(
    shown.map(({ server, verdict, probe }) => ['', server, verdict, probe]),
    columns,
  );
  const rest = evidence.length - shown.length;
  return [
    ...heads.flatMap((head, index) => [head, ...belowOf(shown[index] as ProbeEvidence, columns)]),
    ...(rest > 0 ? [`  ${rest} more passed`] : []),
  ];
}

function belowOf(one: ProbeEvidence, columns: number): string[] {
  const lines = [harmless(one.detail), ...numbers(one)];
  return lines.flatMap((line) => wrapped(line, columns, INDENT));
}

function numbers({ samples, measures = [], rounds }: ProbeEvidence): string[] {
  const counts = Object.entries(samples ?? {}).filter(([, count]) => count > 0);
  return [
    ...(rounds === undefined ? [] : [`watched for ${rounds} rounds`]),
    ...(counts.length === 0
      ? []
      : [`samples: ${counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`]),
    ...measures.map(measureText),
  ];
}

/** `latency p95 812 ms, others 204 ms, at most 408 ms` */
function measureText({ what, unit, value, others, max, min }: Measure): string {
  const shown = (number: number): string => {
    if (unit === 'share') return `${Math.round(number * 1000) / 10} %`;
    return unit === 'ms' ? `${Math.round(number)} ms` : String(number);
  };
  return [
    `${harmless(what)} ${shown(value)}`,
    ...(others === undefined ? [] : [`others ${shown(others)}`]),
    ...(min === undefined ? [] : [`at least ${shown(min)}`]),
    ...(max === undefined ? [] : [`at most ${shown(max)}`]),
  ].join(', ');
}
