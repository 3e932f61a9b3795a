import { InvalidSettingsError } from '@podway/service-kit';
import { startAllInOne, type AllInOne } from './all-in-one.js';

/** `npm start`: every service in one process. */
async function main(): Promise<void> {
  const podway = await startAllInOne();
  stopOnSignals(podway);
  process.stdout.write(
    [
      'Podway is ready: API http://127.0.0.1:7780, accesses http://127.0.0.1:7788',
      `The admin's key is in ${podway.dataDir}/admin.key; the command line finds it there.`,
      '',
    ].join('\n'),
  );
}

function stopOnSignals(podway: AllInOne): void {
  const stop = (): void => {
    podway.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  if (error instanceof InvalidSettingsError) {
    process.stderr.write(`podway: ${error.message}\n`);
    process.exit(2);
  }
  throw error;
});
