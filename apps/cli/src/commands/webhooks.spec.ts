import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLivePodway, type LivePodway } from '../../test/live-podway.js';
import { podway as run, type Ran } from '../../test/run.js';

let live: LivePodway;
let receiver: Server;
let status = 200;
let received = 0;

beforeAll(async () => {
  live = await startLivePodway({ PODWAY_WEBHOOKS_PRIVATE: 'true' });
  receiver = createServer((request, response) => {
    received += 1;
    request.resume().on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
}, 120_000);
afterAll(async () => {
  receiver?.close();
  await live?.stop();
});

const podway = (args: string): Promise<Ran> =>
  run(args.split(' ').filter(Boolean), {
    cwd: live.folder,
    env: { PODWAY_URL: live.url, PODWAY_KEY: live.adminKey, NO_COLOR: '1' },
  });

it('webhooks are added, tested, changed, paused and removed', async () => {
  [status, received] = [200, 0];
  await podway('clients create acme');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/podway`;
  const added = await podway(`webhooks add ${url} --client acme --pod shop --note chat`);
  expect(added.stdout).toMatch(/^whsec_\S+\n$/);
  const id = /Webhook ([0-9A-Z]{26}) of acme/.exec(added.stderr)?.[1] ?? '';
  expect((await podway('webhooks list --client acme')).stdout).toMatch(
    new RegExp(`^${id} +acme +active +\\d+ +shop +http:`, 'm'),
  );
  expect((await podway(`webhooks test ${id}`)).stdout).toMatch(/^Delivered: answered 200 after \d+ ms\.$/m);
  status = 503;
  const failed = await podway(`webhooks test ${id}`);
  expect([failed.code, failed.stdout]).toEqual([1, 'Not delivered: answered 503.\n']);
  expect(received).toBe(2);
  const failures = JSON.parse((await podway(`webhooks deliveries ${id} --state failed --json`)).stdout);
  expect(failures.deliveries).toMatchObject([{ status: 503, type: 'io.podway.webhook.tested.v1', tries: 1 }]);
  expect((await podway(`webhooks deliveries ${id}`)).stdout).toMatch(/ failed +1 [^]* delivered +1 /);
  const [delivery] = JSON.parse((await podway(`webhooks deliveries ${id} --json`)).stdout).deliveries;
  expect((await podway(`webhooks redeliver ${id} ${delivery.id}`)).stderr).toContain('WEBHOOK.EVENT_GONE');

  expect((await podway(`webhooks pause ${id}`)).stdout).toBe(`Webhook ${id} is paused.\n`);
  expect((await podway(`webhooks change ${id} --pod blog`)).code).toBe(0);
  expect((await podway('webhooks list')).stdout).toMatch(/acme +paused +\d+ +blog /);
  expect((await podway(`webhooks resume ${id}`)).stdout).toBe(`Webhook ${id} is active.\n`);
  expect((await podway(`webhooks rotate ${id}`)).stdout).not.toBe(added.stdout);
  expect((await podway(`webhooks remove ${id}`)).code).toBe(0);
  expect((await podway('webhooks list')).stdout).toBe('No webhooks.\n');
  const gone = await podway(`webhooks pause ${id}`);
  expect(gone.stderr).toContain('WEBHOOK.NOT_FOUND');
  expect((await podway('webhooks add nonsense')).code).toBe(2);
});
