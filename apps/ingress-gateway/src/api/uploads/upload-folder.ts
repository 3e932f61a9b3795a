import { mkdirSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ULID } from '@podway/contracts';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';

/** The folder of uploads that are under way. All gateways behind one balancer share it. */
@Injectable()
export class UploadFolder {
  readonly path: string;

  constructor(settings: IngressGatewaySettings) {
    this.path = settings.uploadsDir ?? join(settings.artifactsDir, 'uploads');
    // A folder that cannot be made is found at the start, not by the first publisher.
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** The bytes of a resumable upload that have come so far. */
  part(id: string): string {
    return join(this.path, id);
  }

  async remove(id: string): Promise<void> {
    for (const name of [this.part(id), `${this.part(id)}.json`]) await rm(name, { force: true });
  }

  /** Removes files that nobody knows of, and what a killed gateway has spooled, once they are old enough. */
  async removeUnknown(
    unknown: (ids: readonly string[]) => Promise<string[]>,
    olderThanMs: number,
  ): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    const old: string[] = [];
    for (const name of names) {
      const found = await stat(join(this.path, name)).catch(() => undefined);
      if (found?.isFile() && Date.now() - found.mtimeMs >= olderThanMs) old.push(name);
    }
    for (const name of old.filter((one) => one.startsWith('spool-')))
      await rm(join(this.path, name), { force: true });
    const ids = [...new Set(old.map((name) => name.replace(/\.json$/, '')).filter((id) => ULID.test(id)))];
    for (const id of await unknown(ids)) await this.remove(id);
  }
}
