import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { DirectoryArtifactStore, inspectSource, type ArtifactStore } from '@podway/artifacts';
import { PodwayError, type Component } from '@podway/contracts';
import { hiddenAddressOf, privateAddressIn, publicLookup } from '@podway/contracts/public-addresses';
import { SourceError } from './fetch.errors.js';

export interface SourceFetcherOptions {
  /** Folder in which sources wait. */
  readonly folder: string;
  /** Most bytes of one source. */
  readonly maxBytes: number;
  /** Longest time for one source, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether sources may be at addresses that are not of the public internet. */
  readonly allowPrivate: boolean;
}

/** What was fetched: the source's digest is its name in the store. */
export interface FetchedSources {
  readonly store: ArtifactStore;
  remove(): Promise<void>;
}

const MOST_REDIRECTS = 5;
const LEFT_MS = 86_400_000;

/** Fetches what components name by their URLs, and proves it by its digest, before anything is touched. */
export class SourceFetcher {
  readonly #agent: Agent;

  constructor(private readonly options: SourceFetcherOptions) {
    this.#agent = new Agent(options.allowPrivate ? {} : { connect: { lookup: publicLookup } });
  }

  /** Fetches the sources of all of them, into a folder that is this call's own. Rejects INSTALL.SOURCE_*. */
  async fetch(components: readonly Component[], signal?: AbortSignal): Promise<FetchedSources> {
    await removeLeftovers(this.options.folder);
    const folder = join(this.options.folder, randomUUID());
    const store = new DirectoryArtifactStore(folder, { maxBytes: this.options.maxBytes });
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      for (const component of components) {
        const { url, sha256, installer } = component;
        if (url === undefined || sha256 === undefined) continue;
        await this.#fetchOne(component, url, store, signal);
        if (installer === 'archive') await inspectSource(await store.open(sha256), component);
      }
      return { store, remove };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async #fetchOne(
    component: Component,
    url: string,
    store: ArtifactStore,
    signal?: AbortSignal,
  ): Promise<void> {
    const at = { component: component.name, url };
    const most = Math.min(component.maxBytes ?? Infinity, this.options.maxBytes);
    const limits = [AbortSignal.timeout(this.options.timeoutMs), ...(signal ? [signal] : [])];
    try {
      const body = await this.#open(url, at, AbortSignal.any(limits));
      const { digest } = await store.put(Readable.from(bounded(body, most, at), { objectMode: false }));
      if (digest !== component.sha256) {
        throw new SourceError(
          'SOURCE_MISMATCH',
          at,
          `its SHA-256 is ${digest}, not ${component.sha256 ?? ''}`,
        );
      }
    } catch (error) {
      if (error instanceof PodwayError) throw error;
      const hidden = hiddenAddressOf(error) !== undefined;
      throw new SourceError(
        hidden ? 'SOURCE_REFUSED' : 'SOURCE_UNAVAILABLE',
        at,
        (error as Error).message,
        error,
      );
    }
  }

  async #open(
    first: string,
    at: { component: string; url: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    let url = new URL(first);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      this.#refuse(url, at);
      const { statusCode, headers, body } = await request(url, { dispatcher: this.#agent, signal });
      if (statusCode === 200) return body as AsyncIterable<Uint8Array>;
      await body.dump();
      const { location } = headers;
      if (statusCode < 300 || statusCode > 399 || typeof location !== 'string') {
        const isGone = statusCode >= 400 && statusCode < 500 && statusCode !== 408 && statusCode !== 429;
        throw new SourceError(
          isGone ? 'SOURCE_MISSING' : 'SOURCE_UNAVAILABLE',
          at,
          `the answer is ${statusCode}`,
        );
      }
      url = new URL(location, url);
    }
    throw new SourceError('SOURCE_MISSING', at, `it was passed on more than ${MOST_REDIRECTS} times`);
  }

  /** Names are judged when they are looked up; an address in the URL never is. */
  #refuse(url: URL, at: { component: string; url: string }): void {
    const { protocol } = url;
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new SourceError('SOURCE_REFUSED', at, `it leads to ${protocol}`);
    }
    const hidden = this.options.allowPrivate ? undefined : privateAddressIn(url);
    if (hidden !== undefined)
      throw new SourceError('SOURCE_REFUSED', at, `${hidden} is not a public address`);
  }
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  most: number,
  at: { component: string; url: string },
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) throw new SourceError('SOURCE_TOO_LARGE', at, `it has more than ${most} bytes`);
    yield chunk;
  }
}

/** What processes have left that were killed. No installation takes so long. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > LEFT_MS) await rm(path, { recursive: true, force: true });
  }
}
