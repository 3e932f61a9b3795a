import type { BundleManifest, PlanView } from '@podway/contracts';
import { changeLine } from './change-lines.js';
import type { Printer } from './printer.js';
import { harmless, table } from './text.js';

/** Files that are named here; `--json` has more. */
const FILES_SHOWN = 30;

/** A plan, for people. */
export function planLines(view: PlanView, { name, version }: BundleManifest, printer: Printer): string[] {
  const { colors, columns } = printer;
  const rows = [
    [
      'POD',
      `${view.pod} of ${view.client}, ${view.release === undefined ? 'no release yet' : `on release ${view.release}`}`,
    ],
    ['canary', view.canary ?? `none: ${view.noCanary?.code ?? ''} ${view.noCanary?.detail ?? ''}`],
    ['then', view.others.length === 0 ? 'no other servers' : view.others.join(', ')],
    ['installs', view.components.map((one) => `${one.name} (${one.installer})`).join(', ')],
    ['needs', needsText(view)],
    ['checks', checksText(view)],
    ['approval', view.approval ? 'somebody has to approve the canary' : 'not needed'],
    ['begins', beginText(view)],
    ['files', filesText(view)],
    ['sends', `${bytesText(view.bytesToSend)} of ${bytesText(view.bytes)}`],
  ];
  const entries = view.files?.entries ?? [];
  const rest = entries.length - FILES_SHOWN;
  return [
    colors.bold(`Plan of ${name} ${version}; nothing is done`),
    ...table(
      rows.map((row) => ['', ...row]),
      columns,
    ),
    ...(view.release === undefined ? [] : entries.slice(0, FILES_SHOWN).map((one) => `  ${changeLine(one)}`)),
    ...(view.release !== undefined && rest > 0
      ? [colors.dim(`  ${rest}${view.files?.more ? ' and' : ''} more`)]
      : []),
    view.refusals.length === 0
      ? colors.green('It would be accepted.')
      : colors.red(`It would be refused: ${view.refusals.map(({ code }) => code).join(', ')}`),
  ];
}

function needsText({ prerequisites }: PlanView): string {
  if (!prerequisites) return 'nothing besides';
  const told = Object.entries(prerequisites).flatMap(([key, value]: [string, unknown]) =>
    value === undefined || value === null
      ? []
      : [`${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`],
  );
  return harmless(told.join(', '));
}

function checksText({ checks }: PlanView): string {
  if (checks.length === 0) return 'none';
  return harmless(checks.map(({ of, probe, name }) => `${name ?? probe} (${of})`).join(', '));
}

function beginText({ before, waiting, beginsAt }: PlanView): string {
  const first = before === 0 ? '' : `, after ${before} that come first`;
  if (!waiting) return `at once${first}`;
  const at = beginsAt === undefined ? '' : `: at ${beginsAt.replace('T', ' ').slice(0, 16)}Z`;
  return harmless(`not now, ${waiting.detail}${at}${first}`);
}

function filesText({ files, notCompared, release }: PlanView): string {
  if (!files) return `not compared: ${notCompared ?? ''}`;
  const { added, changed, removed } = files;
  return release === undefined
    ? `${added}, all new`
    : `${added} added, ${changed} changed, ${removed} removed`;
}

function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 10_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
