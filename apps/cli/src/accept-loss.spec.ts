import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { podway } from '../test/run.js';

const ID = '01JD3Z7W8X9Y0A1B2C3D4E5F6G';

/** An API that takes all that it is asked, and tells what that was. */
let server: Server;
let asked: [path: string | undefined, body: unknown][];
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    void json(request).then((body) => {
      asked.push([request.url, body]);
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ id: ID, pod: 'shop', deploymentId: ID, deployments: [{ id: ID, pod: 'shop' }] }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

it.each([
  [`retry ${ID}`, `/v1/deployments/${ID}/retry`, {}],
  [`retry ${ID} --accept-loss --yes`, `/v1/deployments/${ID}/retry`, { acceptLoss: true }],
  ['rollback --pod shop --release 3 --no-wait', '/v1/updates', { pod: 'shop', release: 3 }],
  [
    'rollback --pod shop --release 3 --accept-loss --no-wait --yes',
    '/v1/updates',
    { pod: 'shop', release: 3, acceptLoss: true },
  ],
])('podway %s', async (line, path, body) => {
  const { port } = server.address() as AddressInfo;
  const env = { PODWAY_URL: `http://127.0.0.1:${port}`, PODWAY_KEY: 'a key', NO_COLOR: '1' };
  const ran = await podway(line.split(' '), { env });
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(ID);
  expect(asked).toEqual([[path, body]]);
});

it.each([`retry ${ID} --accept-loss`, 'rollback --pod shop --release 3 --accept-loss'])(
  'podway %s: nothing is lost before somebody has said so',
  async (line) => {
    const { port } = server.address() as AddressInfo;
    const env = { PODWAY_URL: `http://127.0.0.1:${port}`, PODWAY_KEY: 'a key', NO_COLOR: '1' };
    const ran = await podway(line.split(' '), { env });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('CLI.NOT_CONFIRMED');
    expect(asked).toEqual([]);
  },
);
