import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.js';

/** Ranges of three that nothing else asks for. */
const three = (first: number): [number, number] => [first, first + 2];
const address = '127.0.0.1';

it('gives a port once, though nobody listens on it yet', async () => {
  const range = three(30_100);
  const ports = [
    await freePort(address, range),
    await freePort(address, range),
    await freePort(address, range),
  ];
  expect(ports.sort()).toEqual([30_100, 30_101, 30_102]);
  await expect(freePort(address, range)).rejects.toThrow(
    'No free port was found on 127.0.0.1 between 30100 and 30102',
  );
});

it('gives it once to all who ask at the same time', async () => {
  const range = three(30_200);
  const ports = await Promise.all([1, 2, 3].map(() => freePort(address, range)));
  expect(ports.sort()).toEqual([30_200, 30_201, 30_202]);
});

it('gives none that somebody listens on', async () => {
  const server = createServer().listen(30_301, address);
  await once(server, 'listening');
  const ports = [await freePort(address, three(30_300)), await freePort(address, three(30_300))];
  expect(ports.sort()).toEqual([30_300, 30_302]);
  server.close();
  await once(server, 'close');
});

it.runIf(process.platform === 'linux')(
  'gives what another process was given when that has ended',
  async () => {
    const code = `require('net').createServer().listen('\\0podway-port-30401', () => console.log('has it'))`;
    const other = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const ports = [await freePort(address, three(30_400)), await freePort(address, three(30_400))];
    expect(ports.sort()).toEqual([30_400, 30_402]);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await freePort(address, three(30_400))).toBe(30_401);
  },
);
