import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { releaseRow } from '../output/pod-lines.js';
import { positive } from '../settings/duration.js';

interface ReleasesOptions {
  pod: string;
  limit?: number;
}

export function describeReleases(command: Command): Command {
  return command
    .description('List the releases of a POD, newest first')
    .requiredOption('--pod <pod>', 'the POD')
    .option('--limit <number>', 'how many', positive);
}

export async function releases(context: CommandContext<ReleasesOptions>): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const found = await podway.releases(options.pod, options.limit);
  const heading = ['RELEASE', 'MADE', 'FINGERPRINT', 'UPDATE'];
  printer.result({ releases: found }, () =>
    printer.table(heading, found.map(releaseRow), `POD ${options.pod} has no release yet.`),
  );
}
