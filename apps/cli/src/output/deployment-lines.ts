import { isFinished, type DeploymentDetailView, type DeploymentView } from '@podway/contracts';
import { evidenceLines } from './evidence-lines.js';
import type { Printer } from './printer.js';
import { duration, harmless, table, wrapped, type Colors } from './text.js';

type Sign = '✔' | '…' | '↩' | '✖';
const paints = { '✔': 'green', '…': 'cyan', '↩': 'yellow', '✖': 'red' } as const;
const TAKEN_BACK = new Set(['RolledBack', 'Aborted', 'Superseded']);

function signOf(state: string): Sign {
  if (!isFinished(state)) return '…';
  if (state === 'Succeeded') return '✔';
  return TAKEN_BACK.has(state) ? '↩' : '✖';
}

/** The state with its sign and colour; the word says it without either. */
export function stateWord(state: string, colors: Colors): string {
  const sign = signOf(state);
  return colors[paints[sign]](`${sign} ${state}`);
}

/** A row of the list. Without colours: they would count as columns. */
export function deploymentRow(view: DeploymentView): string[] {
  const state = `${signOf(view.state)} ${view.state}`;
  return [view.id, view.pod, state, time(view.submittedAt), view.label ?? ''];
}

/** Everything about one deployment, for people. */
export function deploymentLines(view: DeploymentDetailView, printer: Printer): string[] {
  const { colors, columns } = printer;
  return [
    ...summary(view, printer),
    ...[view.failure, view.rollbackFailure].flatMap((one) =>
      wrapped(harmless(one?.detail ?? ''), columns, 4),
    ),
    ...section('stages', stageRows(view), columns, colors),
    ...section('servers', serverRows(view), columns, colors),
    ...headed('probes', evidenceLines(view.evidence, columns, { measured: true }), colors),
  ];
}

/** How a deployment ended, for people who have seen its stages. */
export function outcomeLines(view: DeploymentDetailView, printer: Printer): string[] {
  const { colors, columns } = printer;
  return [
    ...summary(view, printer),
    ...section('servers', serverRows(view), columns, colors),
    ...headed('probes', evidenceLines(view.evidence, columns), colors),
  ];
}

function summary(view: DeploymentDetailView, { colors, columns }: Printer): string[] {
  const ran = view.finishedAt ? Date.parse(view.finishedAt) - Date.parse(view.submittedAt) : undefined;
  const release = view.release === undefined ? '' : ` as release ${view.release}`;
  const took = ran === undefined ? '' : ` after ${duration(ran)}`;
  const { failure, rollbackFailure } = view;
  return [
    `${stateWord(view.state, colors)}${release}${took}`,
    ...table(
      [
        ['deployment', view.id],
        ['POD', `${view.pod} of ${view.client}`],
        ...(view.label ? [['update', view.label]] : []),
        ...(view.group
          ? [['PODs', `${view.group.position + 1} of ${view.group.size}, ${view.group.mode}`]]
          : []),
        ...(view.waiting ? [['waits', waitText(view.waiting)]] : []),
        ...(view.approvalUntil ? [['approval', `wanted until ${time(view.approvalUntil)}`]] : []),
        ...(view.approvedBy ? [['approved by', view.approvedBy]] : []),
        ...(failure ? [['failure', `${failure.code}${failure.server ? ` on ${failure.server}` : ''}`]] : []),
        ...(rollbackFailure ? [['roll-back', rollbackFailure.code]] : []),
      ].map((row) => ['', ...row]),
      columns,
    ),
  ];
}

function waitText({ detail, until }: NonNullable<DeploymentDetailView['waiting']>): string {
  return until === undefined ? detail : `${detail}; it may begin at ${time(until)}`;
}

function stageRows(view: DeploymentDetailView): string[][] {
  return view.stages.map((stage) => [
    stage.state,
    stage.durationMs === undefined ? '' : duration(stage.durationMs),
    stage.detail ?? stage.cause,
  ]);
}

function serverRows(view: DeploymentDetailView): string[][] {
  return view.servers.map((server) => [
    server.name,
    server.canary ? 'canary' : '',
    server.result,
    server.fingerprint?.slice(0, 12) ?? '',
    server.detail ?? '',
  ]);
}

function section(title: string, rows: string[][], columns: number, colors: Colors): string[] {
  const cells = rows.map((row) => ['', ...row]);
  return headed(title, table(cells, columns), colors);
}

function headed(title: string, lines: string[], colors: Colors): string[] {
  return lines.length === 0 ? [] : ['', colors.bold(title), ...lines];
}

function time(iso: string): string {
  return iso.replace('T', ' ').slice(0, 16);
}
