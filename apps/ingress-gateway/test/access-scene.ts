import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { Rotation } from '@podway/persistence';
import type { AccessListener } from '../src/accesses/access-listener.js';
import type { IngressGatewaySettings } from '../src/ingress-gateway.config.js';
import { pod, startGateway, type TestGateway } from './gateway.js';
import { startUpstream, type Upstream } from './upstream.js';

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: string;
}

interface AskOptions extends RequestOptions {
  body?: string | Buffer;
}

/** For each test a gateway with PODs `shop` (three servers) and `solo` (the first of them), at `<pod>.example`. */
export function accessScene() {
  let gateway: TestGateway;
  let upstreams: Upstream[];
  let listener: AccessListener;
  let token = 0;

  beforeAll(async () => {
    gateway = await startGateway({ PODWAY_ROTATION_POLL_MS: '100' });
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    upstreams = await Promise.all(['one', 'two', 'three'].map(startUpstream));
    await gateway.dataSource.query('truncate ingress.rotation');
    await gateway.apply([
      pod('shop', 'acme', { hosts: ['shop.example'], urls: upstreams.map((one) => one.url) }),
      pod('solo', 'acme', { hosts: ['solo.example'], urls: [upstreams[0]?.url ?? ''] }),
    ]);
    listener = await gateway.startAccesses();
  });
  afterEach(async () => {
    await listener.close();
    await Promise.all(upstreams.map((one) => one.stop()));
  });

  function ask(path = '/', { host = 'shop.example', body, ...options }: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        port: listener.port,
        path,
        agent: false,
        ...options,
        headers: { host: host ?? '', ...(options.headers as Record<string, string>) },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const { statusCode: status = 0, headers, rawHeaders } = response;
        text(response).then((read) => resolve({ status, headers, rawHeaders, body: read }), reject);
      });
      outgoing.end(body);
    });
  }

  return {
    /** One access, on a connection of its own. */
    ask,
    /** How many requests reached each server. */
    asked: (): number[] => upstreams.map((one) => one.asked.length),
    gateway: (): TestGateway => gateway,
    port: (): number => listener.port,
    tlsPort: (): number => listener.tlsPort ?? 0,
    upstreams: (): Upstream[] => upstreams,
    /** Starts the gateway anew with other settings. */
    async restart(settings: Partial<IngressGatewaySettings>): Promise<void> {
      await listener.close();
      listener = await gateway.startAccesses(settings);
    },
    /** Changes the rotation and waits until the gateway routes by it. */
    async out(name: string, changes: Record<string, boolean>): Promise<void> {
      const rotation = new Rotation(gateway.dataSource);
      token += 1;
      const generation = await rotation.set(name, new Map(Object.entries(changes)), token);
      const progress = await rotation.settled(name, [], generation, 5_000);
      expect(progress.acknowledged).toBe(true);
    },
  };
}
