import { Readable } from 'node:stream';
import type { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import type { SshServers } from '@podway/testing/ssh-servers';
import { exampleBundle } from '../../../apps/podway/src/demo/demo-pod.js';
import { describedBy } from './described-pods.js';
import { Ids } from './ids.js';
import type { Place } from './place.js';
import type { Answer, Shell } from './shell.js';

/** A command as it can be run here. */
export interface Command {
  readonly text: string;
  /** What is typed when it asks. */
  readonly answer?: Answer;
  /** What has to be so when it has ended well. Throws when it is not. */
  readonly afterwards?: (shell: Shell) => Promise<void>;
}

/** What one reader has that others have not, for the commands that it knows. */
export type Own = (command: string) => Promise<Command | undefined>;

/** What a page's stand-ins are for its reader. */
interface Real {
  readonly admin: Podway;
  readonly hookUrl: string;
  /** In place of those that pages reach over SSH. */
  readonly servers: SshServers;
  readonly own: Own;
}

/** What stands in a page for something that the reader has, and what it is here. */
export class StandIns {
  constructor(
    private readonly place: Place,
    private readonly real: Real,
  ) {}

  /** What a page supposes to have happened before its first command; `yaml`: the files that it shows. */
  async before(page: string, yaml: readonly string[]): Promise<void> {
    for (const text of yaml) await describedBy(text, this.place, this.real.servers);
    if (page !== 'docs/publishing.md') return;
    for (const example of ['shop/1.0.0', 'shop/1.1.0']) {
      const bundle = () =>
        Readable.toWeb(packDirectory(exampleBundle(example))) as ReadableStream<Uint8Array>;
      await (await this.real.admin.publish(bundle, { pod: 'shop' })).wait();
    }
  }

  async apply(written: string): Promise<Command> {
    // The clone has what is to be installed: npm looks whether its two files agree.
    const command = written.replace(/\bnpm ci\b/, 'npm ci --dry-run');
    const own = await this.real.own(command);
    if (own !== undefined) return { ...own, text: this.addressed(own.text) };
    const text = await this.asWhom(await this.withIds(answered(this.addressed(command))));
    const asksForKey = /podway login (?!.*--)/.test(text);
    return { text, ...(asksForKey ? { answer: await this.typedKey() } : {}) };
  }

  private addressed(command: string): string {
    return command
      .replaceAll('https://hooks.example.org', this.real.hookUrl)
      .replaceAll(/https:\/\/podway\.example\.org(?= |$)/gm, this.place.url)
      .replaceAll('http://127.0.0.1:7780', this.place.url)
      .replaceAll('http://127.0.0.1:7788', this.place.accessUrl)
      .replaceAll('http://127.0.0.1:7790', this.place.healthUrl);
  }

  private async typedKey(): Promise<Answer> {
    return { asks: /^API key for .+: /m, typed: `${await this.place.adminKey()}\n` };
  }

  /** Some commands tell a client's own people more than the hosting service's, who see all clients. */
  private async asWhom(command: string): Promise<string> {
    const ids = this.ids();
    if (/podway (releases|logs) +#/.test(command))
      return `PODWAY_KEY=${await ids.key('viewer', ['shop'])} ${command}`;
    const forClients = /--resource |podway webhooks add /.test(command);
    return forClients ? `PODWAY_KEY=${await ids.key('publisher')} ${command}` : command;
  }

  private withIds(command: string): Promise<string> {
    return this.ids().put(command);
  }

  private ids(): Ids {
    return new Ids(this.place, this.real.admin);
  }
}

/** The reader says yes at the terminal; nobody does here. */
export function answered(command: string): string {
  return command.replace(/(podway .*(?: revoke |--prune|--accept-loss)[^#\n|]*)/g, (line) =>
    line.includes('--yes') ? line : `${line} --yes `,
  );
}
