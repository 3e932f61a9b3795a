import type { Command } from 'commander';
import { positive } from './duration.js';

/** Options of a list that is shown page by page, newest first. */
export interface PageOptions {
  client?: string;
  limit?: number;
  before?: string;
}

export function withPage(command: Command): Command {
  return command
    .option('--client <client>', 'only those of this client')
    .option('--limit <number>', 'at most so many', positive)
    .option('--before <id>', 'only those older than this one');
}

export function pageOf({ client, limit, before }: PageOptions): PageOptions {
  return {
    ...(client === undefined ? {} : { client }),
    ...(limit === undefined ? {} : { limit }),
    ...(before === undefined ? {} : { before }),
  };
}
