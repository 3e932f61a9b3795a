import type { Environment } from '@podway/contracts';
import { isProduction } from '@podway/contracts/plain';
import { Mark } from '../shown/mark.js';

/** What a POD is for, where its entry says so. */
export function EnvironmentMark({ environment }: { environment: Environment | undefined }) {
  if (environment === undefined) return null;
  const word = environment[0]?.toUpperCase() + environment.slice(1);
  const tone = isProduction(environment) ? 'busy' : 'quiet';
  return <Mark shown={{ word, icon: isProduction(environment) ? 'signed' : 'tool', tone }} />;
}
