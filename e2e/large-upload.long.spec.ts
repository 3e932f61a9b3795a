import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatewayAlone, type GatewayAlone } from './support/gateway-alone.js';

const GIB = 1024 ** 3;
/** Two files of 1 GiB in a tar: 2 GiB and some headers. */
const FILES = ['site/one.bin', 'site/two.bin'];
const MOST_RSS_BYTES = 300 * 1024 * 1024;

let gateway: GatewayAlone;

beforeAll(async () => {
  gateway = await startGatewayAlone({ PODWAY_MAX_BUNDLE_BYTES: String(3 * GIB) });
});
afterAll(() => gateway?.stop());

/** A tar header (POSIX ustar) of a file. */
function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(path, 0);
  block.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 100);
  block.write('        0', 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The bundle, made as it is sent: the same megabyte again and again, so that nobody holds it. `seed` makes it another one. */
function* bundle(seed: string): Generator<Buffer> {
  const megabyte = createHash('sha512').update(seed).digest();
  const block = Buffer.alloc(1024 * 1024, megabyte);
  for (const path of FILES) {
    yield header(path, GIB);
    for (let sent = 0; sent < GIB; sent += block.length) yield block;
  }
  yield Buffer.alloc(1024);
}
const BUNDLE_BYTES = FILES.length * (512 + GIB) + 1024;

async function rssBytes(): Promise<number> {
  const status = await readFile(`/proc/${gateway.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Runs `work` and tells the highest memory of the gateway meanwhile. */
async function peakDuring(work: () => Promise<void>): Promise<number> {
  let peak = 0;
  let samples = 0;
  const timer = setInterval(() => {
    void rssBytes().then((now) => {
      peak = Math.max(peak, now);
      samples += 1;
    });
  }, 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  expect(samples).toBeGreaterThan(20);
  return peak;
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string | number>,
  content?: Iterable<Buffer>,
): Promise<Answer> {
  const outgoing = request(gateway.api + path, {
    method,
    headers: { authorization: `Bearer ${gateway.key}`, ...headers },
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  if (content) await pipeline(Readable.from(content), outgoing);
  else outgoing.end();
  const [response] = await answered;
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

describe('a bundle of 2 GB', () => {
  it('comes as a whole without being held in memory', async () => {
    const seed = randomBytes(8).toString('hex');
    const peak = await peakDuring(async () => {
      const headers = { 'content-type': 'application/x-tar', 'content-length': BUNDLE_BYTES };
      const answer = await send('POST', '/v1/updates?pod=shop', headers, bundle(seed));
      expect(answer.status, answer.body).toBe(202);
    });
    console.log(`whole: at most ${Math.round(peak / 1024 / 1024)} MiB`);
    expect(peak).toBeLessThan(MOST_RSS_BYTES);
  }, 240_000);

  it('comes resumably without being held in memory, and becomes an artifact', async () => {
    await rm(join(gateway.folder, 'artifacts'), { recursive: true });
    await mkdir(join(gateway.folder, 'artifacts', 'uploads'), { recursive: true });
    const seed = randomBytes(8).toString('hex');
    const tus = { 'tus-resumable': '1.0.0' };
    const metadata = `pod ${Buffer.from('shop').toString('base64')}`;
    const peak = await peakDuring(async () => {
      const made = await send('POST', '/v1/uploads', {
        ...tus,
        ...{ 'upload-length': BUNDLE_BYTES, 'upload-metadata': metadata },
      });
      expect(made.status, made.body).toBe(201);
      const path = String(made.headers.location);
      const type = 'application/offset+octet-stream';
      const headers = { ...tus, 'content-type': type, 'upload-offset': 0, 'content-length': BUNDLE_BYTES };
      const answer = await send('PATCH', path, headers, bundle(seed));
      expect(answer.status, answer.body).toBe(204);
      expect(answer.headers['podway-artifact']).toMatch(/^[0-9a-f]{64}$/);
    });
    console.log(`resumable: at most ${Math.round(peak / 1024 / 1024)} MiB`);
    expect(peak).toBeLessThan(MOST_RSS_BYTES);
  }, 240_000);
});
