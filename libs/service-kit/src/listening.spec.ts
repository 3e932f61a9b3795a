import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { pino } from 'pino';
import { listenForHealth } from './health.js';
import { listening } from './listening.js';

const at = { host: '127.0.0.1', port: 80, setting: 'PODWAY_API_PORT' };
const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

it.each([
  [
    'EADDRINUSE',
    'LISTENER.PORT_TAKEN',
    'Podway cannot listen on 127.0.0.1:80: another program listens there. Stop it, or set PODWAY_API_PORT to another port',
  ],
  ['EACCES', 'LISTENER.NOT_ALLOWED', expect.stringContaining('this user may not')],
  ['EADDRNOTAVAIL', 'LISTENER.NO_SUCH_ADDRESS', expect.stringContaining('no such address')],
])('says what %s means', async (system, code, message) => {
  await expect(listening(at, failing(system))).rejects.toMatchObject({ code, message });
});

it('leaves other errors as they are, and gives back what listens', async () => {
  await expect(listening(at, failing('EMFILE'))).rejects.toMatchObject({ code: 'EMFILE' });
  await expect(listening(at, () => Promise.resolve(7))).resolves.toBe(7);
});

it('tells of a port for health that is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const health = listenForHealth(() => true, { host: '127.0.0.1', port }, pino({ level: 'silent' }));
  await expect(health).rejects.toMatchObject({
    code: 'LISTENER.PORT_TAKEN',
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
  });
  other.close();
});
