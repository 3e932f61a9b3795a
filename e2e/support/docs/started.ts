import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@podway/persistence/embedded';
import { Podway } from '@podway/sdk';
import { Collector } from '../collector.js';
import { checkOut } from './checkout.js';
import { Running } from './running.js';

/** Commands of pages that go on until Ctrl-C. */
export const startsPodway = (command: string): boolean =>
  /^(\w+=\S+ +)*(npm start|npm run fleet|npx nx serve)\b/.test(command);

/**
 * Starts in a clone of its own what a page starts, with ports that are free, and looks whether it does what the page says.
 * @returns what was not so.
 */
export async function problemsOfStart(
  command: string,
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<string[]> {
  await checkOut(folder);
  const [apiPort, accessPort, healthPort] = [await freePort(), await freePort(), await freePort()];
  const collector = new Collector();
  const collectorUrl = await collector.start();
  const health = `http://127.0.0.1:${healthPort}`;
  const text = command
    .replace('PODWAY_HEALTH_PORT=7790', `PODWAY_HEALTH_PORT=${healthPort}`)
    .replace('http://127.0.0.1:4318', collectorUrl)
    // tools/docs-blocks.spec.ts has that these are the same.
    .replace(/npx nx serve (\S+)/, `node apps/$1/dist/main.js`);
  const ports = { PODWAY_API_PORT: String(apiPort), PODWAY_ACCESS_PORT: String(accessPort) };
  const problems: string[] = [];
  const sees = (what: string, so: boolean): unknown => so || problems.push(`$ ${text}\nNot so: ${what}`);
  try {
    const running = await Running.start(text, {
      cwd: folder,
      env: { ...env, ...ports },
      ready: async (said) =>
        command.includes('nx serve') ? answers(`${health}/readyz`) : said.includes('Ctrl-C stops'),
    });
    try {
      if (text.includes('HEALTH_PORT')) sees('metrics', await answers(`${health}/metrics`));
      if (text.includes('npm ')) {
        const key = (await readFile(join(folder, '.podway/admin.key'), 'utf8')).trim();
        const pods = await new Podway({ url: `http://127.0.0.1:${apiPort}`, key }).pods();
        sees('its PODs', pods.map(({ name }) => name).join() === (text.includes('npm start') ? 'shop' : ''));
      }
      const [, service, count] = /--scale (\S+)=(\d+)/.exec(text) ?? [];
      if (service !== undefined) {
        const log = (number: number): string => join(folder, `.podway/fleet/logs/${service}-${number}.log`);
        sees(`${count} of ${service}`, existsSync(log(Number(count))) && !existsSync(log(Number(count) + 1)));
      }
    } finally {
      await running.stop();
    }
    if (text.includes('OTEL_')) sees('spans', collector.spans.length > 0);
    if (text.includes('npm '))
      sees('that Ctrl-C stops all', !(await answers(`http://127.0.0.1:${apiPort}/livez`)));
  } finally {
    await collector.stop();
  }
  return problems;
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
