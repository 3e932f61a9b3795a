import { PodwayError, type Prerequisites } from '@podway/contracts';
import type { PodServer } from '@podway/service-kit';
import type { StateDriver } from '@podway/state';

/** The server lacks something that the update needs. Nothing was touched. */
export class PrerequisiteMissingError extends PodwayError {}

/** Prints each program that is not on the PATH. A fixed script: the names are its arguments. */
const WHICH = 'for name in "$@"; do command -v "$name" >/dev/null 2>&1 || printf "%s\\n" "$name"; done';

/** @throws PrerequisiteMissingError naming all that is missing. */
export async function checkPrerequisites(
  wanted: Prerequisites | undefined,
  server: PodServer,
  driver: StateDriver,
): Promise<void> {
  const problems: string[] = [];
  if (wanted?.diskFreeMb !== undefined) {
    const { diskFreeMb } = await driver.inspect(server);
    if (diskFreeMb < wanted.diskFreeMb)
      problems.push(`${wanted.diskFreeMb} MiB of disk wanted, ${diskFreeMb} free`);
  }
  if (wanted?.commands?.length) {
    const { stdout, code } = await server.session.exec(['sh', '-c', WHICH, 'sh', ...wanted.commands]);
    if (code !== 0) problems.push('its programs cannot be looked for');
    problems.push(
      ...stdout
        .split('\n')
        .filter(Boolean)
        .map((name) => `the program ${name} is not there`),
    );
  }
  if (problems.length > 0) {
    throw new PrerequisiteMissingError(
      'INSTALL.PREREQUISITE_MISSING',
      `${server.name}: ${problems.join('; ')}`,
    );
  }
}
