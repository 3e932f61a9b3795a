import type { Command } from 'commander';
import type { DiagnosedServerView, DiagnosisView, FindingView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { LookNotOverError } from '../cli.errors.js';
import { exitCodes } from '../exit-codes.js';
import type { Printer } from '../output/printer.js';
import { harmless, wrapped } from '../output/text.js';
import { durationMs } from '../settings/duration.js';

interface DoctorOptions {
  pod?: string;
  timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 180_000;
const paints = { error: 'red', warning: 'yellow', notice: 'cyan' } as const;
const signs = { error: '✖', warning: '!', notice: 'i' } as const;

export function describeDoctor(command: Command): Command {
  return command
    .description('Look whether servers are fit for an update, and how to mend what is not')
    .argument('[pod]', 'the POD (default: all that the key may see)')
    .option('--pod <pod>', 'the POD')
    .option('--timeout <time>', 'wait no longer than e.g. 1m for each POD (default: 3m)', durationMs);
}

export async function doctor(context: CommandContext<DoctorOptions>, name?: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const named = name ?? options.pod;
  const pods = named === undefined ? (await podway.pods()).map((pod) => pod.name) : [named];
  const views: DiagnosisView[] = [];
  for (const pod of pods) {
    printer.note(`Looking at the servers of POD ${pod} …`);
    views.push(await diagnosed(context, pod));
  }
  const fit = views.every((view) => view.fit);
  printer.result({ fit, pods: views }, () =>
    views.length === 0 ? ['There are no PODs yet.'] : views.flatMap((view) => podLines(view, printer)),
  );
  if (!fit) context.exit(exitCodes.drifted);
}

async function diagnosed(
  { options, podway }: CommandContext<DoctorOptions>,
  pod: string,
): Promise<DiagnosisView> {
  const { timeout = DEFAULT_TIMEOUT_MS } = options;
  const late = AbortSignal.timeout(timeout);
  try {
    return await (await podway()).diagnose(pod, late);
  } catch (error) {
    if (late.aborted) throw new LookNotOverError(pod, timeout);
    throw error;
  }
}

function podLines({ pod, servers, findings }: DiagnosisView, printer: Printer): string[] {
  const { colors } = printer;
  const count = (severity: FindingView['severity']): number =>
    findings.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const sum = errors + warnings === 0 ? 'fit for updates' : `${errors} errors, ${warnings} warnings`;
  return [
    colors.bold(`POD ${pod}: ${sum}`),
    ...printer.table(
      ['SERVER', 'LOGIN', 'WEB SERVER', 'FREE', 'CLOCK', 'WATCHDOG'],
      servers.map(row),
      'No servers.',
    ),
    ...findings.flatMap((one) => findingLines(one, printer)),
  ];
}

function row(server: DiagnosedServerView): string[] {
  const { name, reached, user, answers, diskFreeMb, clockSkewMs, bootHook } = server;
  return [
    name,
    reached ? (user ?? 'yes') : 'no',
    answers ? 'answers' : 'silent',
    diskFreeMb === undefined ? '-' : `${(diskFreeMb / 1024).toFixed(1)} GiB`,
    clockSkewMs === undefined
      ? '-'
      : Math.abs(clockSkewMs) < 2_000
        ? 'right'
        : `${Math.round(clockSkewMs / 1_000)} s`,
    bootHook ?? '-',
  ];
}

function findingLines({ severity, code, server, detail, remedy }: FindingView, printer: Printer): string[] {
  const { colors, columns } = printer;
  const head = `${signs[severity]} ${severity} ${code}${server === undefined ? '' : ` on ${server}`}`;
  return [
    '',
    colors[paints[severity]](head),
    ...wrapped(harmless(detail), columns, 2),
    ...wrapped(harmless(`Mend: ${remedy}`), columns, 2),
  ];
}
