import type { Podway } from '@podway/sdk';
import { UsageError } from '../cli.errors.js';

/** The POD that the command line names, in either way; otherwise the only one that the key may see. */
export async function chosenPod(
  podway: Podway,
  argument: string | undefined,
  option: string | undefined,
): Promise<string> {
  if (argument !== undefined && option !== undefined && argument !== option)
    throw new UsageError(`Two PODs are named: ${argument} and ${option}`);
  const named = argument ?? option;
  if (named !== undefined) return named;
  const pods = await podway.pods();
  const [only, ...others] = pods;
  if (only && others.length === 0) return only.name;
  throw new UsageError(
    only ? `Name the POD with --pod: ${pods.map(({ name }) => name).join(', ')}` : 'There are no PODs yet',
  );
}
