import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Podway } from '@podway/sdk';
import { publishFolder } from '@podway/sdk/uploads';
import { startGatewayAlone, type GatewayAlone } from './support/gateway-alone.js';

const MEGABYTE = 1024 * 1024;
const FILES = 100;

let gateway: GatewayAlone;
let podway: Podway;
let folder: string;
let site: string;
let resumeFolder: string;

beforeAll(async () => {
  gateway = await startGatewayAlone();
  podway = new Podway({ url: gateway.api, key: gateway.key });
  folder = await mkdtemp(join(tmpdir(), 'podway-cut-'));
  resumeFolder = join(folder, 'resume');
  site = join(folder, 'site');
  await mkdir(site);
});
afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** New content, 100 MB that do not compress. */
async function grow(): Promise<void> {
  for (let at = 0; at < FILES; at += 1) await writeFile(join(site, `file-${at}`), randomBytes(MEGABYTE));
}

const stored = async (): Promise<string[]> => (await podway.artifacts()).map(({ digest }) => digest);

describe('a resumable upload that breaks off', () => {
  it('goes on when the gateway was killed in the middle and came back', async () => {
    await grow();
    let killed: Promise<void> | undefined;
    const done = await publishFolder(
      podway,
      site,
      {
        ...{ pod: 'shop', resumeFolder },
        onProgress: (sent, total = 0) => {
          if (sent < total * 0.4 || killed) return;
          killed = gateway.process.end('SIGKILL').then(() => gateway.process.start());
        },
      },
      'resumable',
    );
    await killed;
    expect(killed).toBeDefined();
    expect(await stored()).toContain(done.published.update.source.artifact);
    expect(await readdir(join(gateway.folder, 'artifacts', 'uploads'))).toEqual([]);
    expect(await readdir(resumeFolder)).toEqual([]);
  }, 150_000);

  it('is continued by the next run of its publisher, who sends only the rest', async () => {
    await grow();
    const stop = new AbortController();
    const first = publishFolder(
      podway,
      site,
      {
        ...{ pod: 'shop', resumeFolder, signal: stop.signal },
        onProgress: (sent, total = 0) => void (sent > total / 2 && stop.abort(new Error('Ctrl-C'))),
      },
      'resumable',
    );
    await expect(first).rejects.toThrow('Ctrl-C');
    expect(await readdir(resumeFolder)).toHaveLength(1);
    const { sent, published } = await publishFolder(podway, site, { pod: 'shop', resumeFolder }, 'resumable');
    expect(sent.bundleBytes).toBeGreaterThan(FILES * MEGABYTE);
    expect(sent.bytesSent).toBeLessThan(sent.bundleBytes * 0.8);
    expect(await stored()).toContain(published.update.source.artifact);
    expect(await readdir(resumeFolder)).toEqual([]);
  }, 150_000);

  it('is begun anew when what was there has expired', async () => {
    await grow();
    const stop = new AbortController();
    const options = { pod: 'shop', resumeFolder };
    const first = publishFolder(
      podway,
      site,
      { ...options, signal: stop.signal, onProgress: () => stop.abort(new Error('Ctrl-C')) },
      'resumable',
    );
    await expect(first).rejects.toThrow('Ctrl-C');
    const [upload = ''] = await readdir(join(gateway.folder, 'artifacts', 'uploads'));
    const gone = await fetch(`${gateway.api}/v1/uploads/${upload.replace('.json', '')}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${gateway.key}` },
    });
    expect(gone.status).toBe(204);
    const { sent } = await publishFolder(podway, site, options, 'resumable');
    expect(sent.bytesSent).toBe(sent.bundleBytes);
  }, 150_000);
});
