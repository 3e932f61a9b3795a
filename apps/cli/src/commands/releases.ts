import type { Command } from 'commander';
import type { ReleaseDetailView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { changesLines } from '../output/change-lines.js';
import { releaseRow } from '../output/pod-lines.js';
import type { Printer } from '../output/printer.js';
import { harmless } from '../output/text.js';
import { chosenPod } from '../settings/chosen-pod.js';
import { positive } from '../settings/duration.js';

interface ReleasesOptions {
  pod?: string;
  limit?: number;
  before?: number;
}

export function describeReleasesList(command: Command): Command {
  return command
    .description('List the releases of a POD, newest first')
    .argument('[pod]', 'the POD (default: the only one)')
    .option('--pod <pod>', 'the POD')
    .option('--limit <number>', 'how many', positive)
    .option('--before <number>', 'only those older than this one: the next page', positive);
}

export async function releasesList(context: CommandContext<ReleasesOptions>, name?: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const pod = await chosenPod(podway, name, options.pod);
  const found = await podway.releases(pod, options.limit, options.before);
  const heading = ['RELEASE', 'MADE', 'BY', 'FILES', 'STATE', 'UPDATE'];
  printer.result({ releases: found }, () =>
    printer.table(heading, found.map(releaseRow), `POD ${pod} has no release yet.`),
  );
}

export function describeReleasesShow(command: Command): Command {
  return command
    .description('Show one release of a POD and what it changed')
    .argument('<number>', 'the release')
    .option('--pod <pod>', 'the POD (default: the only one)');
}

export async function releasesShow(context: CommandContext<ReleasesOptions>, number: string): Promise<void> {
  const podway = await context.podway();
  const pod = await chosenPod(podway, undefined, context.options.pod);
  const release = await podway.release(pod, releaseNumber(number));
  context.printer.result(release, () => releaseLines(pod, release, context.printer));
}

interface MarkOptions {
  pod?: string;
  reason: string;
}

export function describeReleasesMarkBad(command: Command): Command {
  return command
    .description('Mark a release bad: it is not deployed again without --force')
    .argument('<number>', 'the release')
    .requiredOption('--reason <text>', 'why')
    .option('--pod <pod>', 'the POD (default: the only one)');
}

export async function releasesMarkBad(context: CommandContext<MarkOptions>, number: string): Promise<void> {
  const podway = await context.podway();
  const { pod: named, reason } = context.options;
  const pod = await chosenPod(podway, undefined, named);
  const release = await podway.markReleaseBad(pod, releaseNumber(number), reason);
  context.printer.result(release, () => [`Release ${release.number} of POD ${pod} is marked bad.`]);
}

export function describeReleasesUnmark(command: Command): Command {
  return command
    .description('Take the bad mark of a release away')
    .argument('<number>', 'the release')
    .option('--pod <pod>', 'the POD (default: the only one)');
}

export async function releasesUnmark(
  context: CommandContext<ReleasesOptions>,
  number: string,
): Promise<void> {
  const podway = await context.podway();
  const pod = await chosenPod(podway, undefined, context.options.pod);
  const release = await podway.unmarkRelease(pod, releaseNumber(number));
  context.printer.result(release, () => [`Release ${release.number} of POD ${pod} is not marked bad.`]);
}

/** The number of a release, as an argument. @throws UsageError */
export function releaseNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new UsageError(`${text} is no number of a release; \`podway releases\` shows them`);
  return Number(text);
}

function releaseLines(pod: string, release: ReleaseDetailView, printer: Printer): string[] {
  const { name, version, artifact, sourceRelease, reason, bad, difference } = release;
  const what = name === undefined ? (release.label ?? 'unknown') : `${name} ${version ?? ''}`.trim();
  const rows: [string, string | undefined][] = [
    ['What', what],
    ['Artifact', artifact],
    ['Back to', sourceRelease === undefined ? undefined : `release ${sourceRelease}`],
    ['Who', release.publisher],
    ['When', release.createdAt],
    ['Why', reason],
    ['Fingerprint', release.fingerprint],
    ['Kept', release.kept ? 'yes' : 'no longer: it cannot be gone back to'],
    ['Verdict', bad ? `marked bad by ${bad.by} at ${bad.since}: ${bad.reason}` : 'verified'],
    ['Deployment', release.deploymentId],
  ];
  return [
    printer.colors.bold(
      `Release ${release.number} of POD ${pod}${release.current ? ', the current one' : ''}`,
    ),
    ...rows.flatMap(([label, text]) => (text === undefined ? [] : [`${label.padEnd(12)}${harmless(text)}`])),
    '',
    ...(difference ? changesLines(difference.tree, printer) : ['What it changed was not recorded.']),
  ];
}
