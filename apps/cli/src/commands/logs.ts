import { Option, type Command } from 'commander';
import type { FollowLogsQuery, LogLine } from '@podway/contracts';
import { logLevels } from '@podway/contracts/plain';
import type { Podway } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { logText } from '../output/log-lines.js';
import { chosenPod } from '../settings/chosen-pod.js';
import { positive, sequence } from '../settings/duration.js';

interface LogsOptions extends FollowLogsQuery {
  pod?: string;
  follow?: boolean;
  limit?: number;
}

/** Lines of one answer. */
const PAGE = 1_000;

export function describeLogs(command: Command): Command {
  return command
    .description('Print what installers and checks have said on the servers')
    .argument('[deployment]', 'id of a deployment (default: the latest of the POD)')
    .option('--pod <pod>', 'the POD (default: the only one)')
    .option('-f, --follow', 'go on with what is said, until the deployment is over')
    .option('--server <server>', 'only of this server')
    .option('--step <step>', 'only of this step, like Installing or Verifying')
    .addOption(new Option('--level <level>', 'only lines that are at least as bad').choices(logLevels))
    .option('--search <text>', 'only lines with this text in them')
    .option('--after <number>', 'only lines above this number', sequence)
    .option('--limit <number>', 'at most so many lines (default: all)', positive);
}

export async function logs(context: CommandContext<LogsOptions>, id?: string): Promise<void> {
  const { options, printer, surroundings } = context;
  const { pod, follow, limit = Infinity, ...query } = asked(options);
  const podway = await context.podway();
  const deployment = await chosenDeployment(podway, id, pod);
  const lines = follow
    ? podway.followLogs(deployment, query, {
        signal: surroundings.interrupted,
        onReconnect: () => printer.note('The connection to Podway broke; trying again.'),
      })
    : allLogs(podway, deployment, query, limit);
  let count = 0;
  for await (const line of lines) {
    printer.item(line, () => logText(line, printer));
    if ((count += 1) >= limit) return printer.note(`The next lines: --after ${line.number}`);
  }
  if (count === 0) printer.note(`Deployment ${deployment} has no such lines.`);
}

/** The options of this command alone, without those of every command. */
function asked({ pod, follow, limit, after, server, step, level, search }: LogsOptions): LogsOptions {
  const given = { pod, follow, limit, after, server, step, level, search };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

async function chosenDeployment(
  podway: Podway,
  id: string | undefined,
  pod: string | undefined,
): Promise<string> {
  if (id !== undefined && pod !== undefined) throw new UsageError('Name a deployment or a POD, not both');
  if (id !== undefined) return id;
  const name = await chosenPod(podway, undefined, pod);
  const [latest] = await podway.deployments({ pod: name, limit: 1 });
  if (latest) return latest.id;
  // A POD that there is not has no deployment either, and says so.
  await podway.pod(name);
  throw new UsageError(`POD ${name} has no deployment yet`);
}

/** Page by page, what is there now. */
async function* allLogs(
  podway: Podway,
  deployment: string,
  query: FollowLogsQuery,
  limit: number,
): AsyncGenerator<LogLine> {
  const page = Math.min(PAGE, limit);
  let after = query.after;
  do {
    const { lines, next } = await podway.logs(deployment, { ...query, after, limit: page });
    yield* lines;
    after = next;
  } while (after !== undefined);
}
