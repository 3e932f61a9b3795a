import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.js';

const address = '127.0.0.1';

/** Three ports that nothing else asks for; others each time, as what was given stays given until this process ends. */
function three(): [number, number, number] {
  const first = randomInt(30_000, 32_700);
  return [first, first + 1, first + 2];
}

it('gives a port once, though nobody listens on it yet', async () => {
  const all = three();
  const [first, , last] = all;
  const next = (): Promise<number> => freePort(address, [first, last]);
  expect([await next(), await next(), await next()].sort()).toEqual(all);
  await expect(next()).rejects.toThrow(`No free port was found on 127.0.0.1 between ${first} and ${last}`);
});

it('gives it once to all who ask at the same time', async () => {
  const all = three();
  const ports = await Promise.all(all.map(() => freePort(address, [all[0], all[2]])));
  expect(ports.sort()).toEqual(all);
});

it('gives none that somebody listens on', async () => {
  const [first, taken, last] = three();
  const server = createServer().listen(taken, address);
  await once(server, 'listening');
  const next = (): Promise<number> => freePort(address, [first, last]);
  expect([await next(), await next()].sort()).toEqual([first, last]);
  server.close();
  await once(server, 'close');
});

it.runIf(process.platform === 'linux')(
  'gives what another process was given when that has ended',
  async () => {
    const [first, taken, last] = three();
    const code = `require('net').createServer().listen('\\0podway-port-${taken}', () => console.log('has it'))`;
    const other = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const next = (): Promise<number> => freePort(address, [first, last]);
    expect([await next(), await next()].sort()).toEqual([first, last]);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await next()).toBe(taken);
  },
);
