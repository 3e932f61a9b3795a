import { PodwayError, type OsWanted, type Prerequisites } from '@podway/contracts';
import type { ServerFacts } from './server-facts.js';

/** The server lacks something that the update needs. `details.problems` lists all of it. Nothing was touched. */
export class PrerequisitesUnmetError extends PodwayError {
  constructor(server: string, problems: readonly string[]) {
    super('INSTALL.PREREQUISITES_UNMET', `${server}: ${problems.join('; ')}`, {
      details: { server, problems },
    });
  }
}

/** All that a server lacks, for people. What it does not tell counts as lacking. */
export function unmetPrerequisites(wanted: Prerequisites, facts: ServerFacts, diskFreeMb: number): string[] {
  const { memoryMb, cpus, listening, missing } = facts;
  return [
    ...atLeast(wanted.diskFreeMb, diskFreeMb, (least, has) => `${least} MiB of disk wanted, ${has} free`),
    ...atLeast(wanted.memoryMb, memoryMb, (least, has) => `${least} MiB of memory wanted, ${has} there`),
    ...atLeast(wanted.cpus, cpus, (least, has) => `${least} processors wanted, ${has} there`),
    ...osProblems(wanted.os, facts),
    ...(wanted.freePorts ?? []).flatMap((port) => {
      if (listening && !listening.has(port)) return [];
      return listening ? [`the port ${port} is taken`] : [`whether the port ${port} is free is not known`];
    }),
    ...(wanted.commands ?? [])
      .filter((name) => missing.has(name))
      .map((name) => `the program ${name} is not there`),
  ];
}

function atLeast(
  least: number | undefined,
  has: number | undefined,
  problem: (least: number, has: string) => string,
): string[] {
  if (least === undefined || (has !== undefined && has >= least)) return [];
  return [problem(least, has === undefined ? 'an unknown amount' : String(has))];
}

function osProblems(wanted: readonly OsWanted[] | undefined, { osId, osVersion }: ServerFacts): string[] {
  if (!wanted) return [];
  const fits = ({ id, version }: OsWanted): boolean =>
    id === osId &&
    (version === undefined || version === osVersion || osVersion?.startsWith(`${version}.`) === true);
  if (wanted.some(fits)) return [];
  const names = wanted.map(({ id, version }) => [id, version].filter(Boolean).join(' '));
  const own = osId === undefined ? 'not known' : [osId, osVersion].filter(Boolean).join(' ');
  return [`the operating system is ${own}, not ${names.join(' or ')}`];
}
