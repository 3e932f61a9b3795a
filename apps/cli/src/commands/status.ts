import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { deploymentLines, deploymentRow } from '../output/deployment-lines.js';
import { podLines } from '../output/pod-lines.js';
import { positive } from '../settings/duration.js';

interface StatusOptions {
  pod?: string;
  limit: number;
}

const HEADING = ['DEPLOYMENT', 'POD', 'STATE', 'SUBMITTED', 'UPDATE'];

export function describeStatus(command: Command): Command {
  return command
    .description('Show a deployment, a POD, or the latest deployments')
    .argument('[deployment]', 'id of a deployment')
    .option('--pod <pod>', 'a POD: its servers and its latest deployments')
    .option('--limit <number>', 'how many deployments to list', positive, 10);
}

export async function status(context: CommandContext<StatusOptions>, id?: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  if (id !== undefined) {
    const view = await podway.deployment(id).get();
    printer.result(view, () => deploymentLines(view, printer));
    return;
  }
  const { pod: name, limit } = options;
  const pod = name === undefined ? undefined : await podway.pod(name);
  const deployments = await podway.deployments({ limit, ...(name === undefined ? {} : { pod: name }) });
  printer.result(pod ? { pod, deployments } : { deployments }, () => [
    ...(pod ? [...podLines(pod, printer), ''] : []),
    ...printer.table(HEADING, deployments.map(deploymentRow), 'No deployments yet.'),
  ]);
}
