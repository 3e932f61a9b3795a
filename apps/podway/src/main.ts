import { parseArgs } from 'node:util';
import { PodwayError } from '@podway/contracts';
import { environmentWith, readSettings } from '@podway/service-kit';
import { AddressSettings } from './all-in-one.config.js';
import { startAllInOne, type AllInOne } from './all-in-one.js';
import { startPlayground, whatToTry } from './demo/playground.js';

/** `npm start`: every service in one process, and with `--demo` a POD to play with. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { demo: { type: 'boolean', default: false } } });
  const { apiPort, accessPort } = readSettings(AddressSettings, environmentWith({}));
  const [apiUrl, accessUrl] = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${accessPort}`];
  const podway = await startAllInOne();
  const ending = [() => podway.stop()];
  stopOnSignals(ending);
  tell(`Podway is ready: API ${apiUrl}, accesses ${accessUrl}`);
  tell(`The admin's key is in ${podway.dataDir}/admin.key; the command line finds it there.`);
  tell(`Dashboard: ${apiUrl}/dashboard/ (sign in with that key)`);
  if (values.demo) await play(podway, apiUrl, accessUrl, ending);
}

async function play(
  podway: AllInOne,
  apiUrl: string,
  accessUrl: string,
  ending: (() => Promise<void>)[],
): Promise<void> {
  const pod = await startPlayground(podway, apiUrl);
  ending.push(() => pod.stop());
  tell(await whatToTry(apiUrl, accessUrl));
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

function stopOnSignals(ending: readonly (() => Promise<void>)[]): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    Promise.all(ending.map((end) => end())).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`podway: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  if (!(error instanceof PodwayError)) throw error;
  process.stderr.write(`podway: ${error.code}: ${error.message}\n`);
  process.exit(2);
});
