import { Readable } from 'node:stream';
import { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import { exampleBundle } from '../../../apps/podway/src/demo/demo-pod.js';
import { eventually } from '../eventually.js';
import { publicPart } from './key-pair.js';
import type { Place } from './place.js';

const ANY_ID = /\b01J[0-9A-HJKMNP-TV-Z]{23}\b/;
const SECOND_ID = '01J00000000000000000000001';

/** What stands in a page for something that the reader has, and what it is here. */
export class StandIns {
  constructor(
    private readonly place: Place,
    private readonly admin: Podway,
    private readonly hookUrl: string,
  ) {}

  /** What a page supposes to have happened before its first command. */
  async before(page: string): Promise<void> {
    if (page !== 'docs/publishing.md') return;
    for (const example of ['shop/1.0.0', 'shop/1.1.0']) {
      const bundle = () =>
        Readable.toWeb(packDirectory(exampleBundle(example))) as ReadableStream<Uint8Array>;
      await (await this.admin.publish(bundle, { pod: 'shop' })).wait();
    }
  }

  async apply(command: string): Promise<string> {
    const addressed = command
      .replaceAll('npm run podway -- ', 'podway ')
      .replaceAll('https://hooks.example.org', this.hookUrl)
      .replaceAll(/https:\/\/podway\.example\.org(?= |$)/gm, this.place.url)
      .replaceAll('http://127.0.0.1:7780', this.place.url)
      .replaceAll('http://127.0.0.1:7788', this.place.accessUrl)
      .replaceAll('http://127.0.0.1:7790', this.place.healthUrl);
    return await this.asWhom(await this.withIds(answered(addressed)));
  }

  /** Some commands tell a client's own people more than the hosting service's, who see all clients. */
  private async asWhom(command: string): Promise<string> {
    if (/podway (releases|logs) +#/.test(command))
      return `PODWAY_KEY=${await this.key('viewer', ['shop'])} ${command}`;
    const forClients = /--resource |podway webhooks add /.test(command);
    return forClients ? `PODWAY_KEY=${await this.key('publisher')} ${command}` : command;
  }

  private async withIds(command: string): Promise<string> {
    let text = command;
    const put = async (stand: string, found: () => Promise<string>): Promise<void> => {
      if (text.includes(stand)) text = text.replaceAll(stand, await found());
    };
    await put(SECOND_ID, () => this.delivery());
    const [shown] = ANY_ID.exec(command.replaceAll(SECOND_ID, '')) ?? [];
    if (shown !== undefined) await put(shown, () => this.idFor(text));
    if (/keys revoke/.test(text)) {
      await put('abcdefghijkl', async () => (await this.key('viewer')).split('_')[1] ?? '');
      await put('3f1c9a0b5d7e2468', () => this.signingKey());
    }
    if (text.includes('--head 4711:')) {
      const { head } = await this.admin.verifyAudit();
      text = text.replace(/4711:[0-9a-f]+/, `${head.seq}:${head.hash}`);
    }
    return text;
  }

  /** An id of what the command is about. */
  private async idFor(command: string): Promise<string> {
    const about = /podway (\S+)/.exec(command)?.[1] ?? '';
    switch (about) {
      case 'abort':
      case 'approve':
      case 'refuse':
        return await this.waitsForApproval();
      case 'trusts':
        return (await this.admin.trusts())[0]?.id ?? '';
      case 'delegations':
        return (await this.admin.delegations())[0]?.id ?? '';
      case 'webhooks':
        return await this.webhook();
      // Of a deployment, whatever is asked about it.
      default:
        return (await this.admin.deployments({ limit: 1 }))[0]?.id ?? '';
    }
  }

  private async waitsForApproval(): Promise<string> {
    const publisher = new Podway({ url: this.place.url, key: await this.key('publisher') });
    const id = (await publisher.publish(this.bundle(), { pod: 'blog' })).update.deploymentId;
    await this.reaches(id, 'AwaitingApproval');
    return id;
  }

  private async reaches(id: string, state: string): Promise<void> {
    await eventually(
      `${id} in ${state}`,
      async () => (await this.admin.deployment(id).get()).state === state,
    );
  }

  private bundle(): () => ReadableStream<Uint8Array> {
    return () => Readable.toWeb(packDirectory(`${this.place.work}/site`)) as ReadableStream<Uint8Array>;
  }

  private async webhook(): Promise<string> {
    const [newest] = await this.admin.webhooks.list();
    return newest?.id ?? '';
  }

  /** One of a real event: the event of a test is not in the log. */
  private async delivery(): Promise<string> {
    const id = await this.webhook();
    await (await this.admin.goBack({ pod: 'shop', release: 1 })).wait();
    const { id: delivery } = await eventually('a delivery', async () =>
      (await this.admin.webhooks.deliveries(id)).find(({ type }) => type !== 'io.podway.webhook.tested.v1'),
    );
    return delivery;
  }

  private async key(role: 'publisher' | 'viewer', pods?: string[]): Promise<string> {
    return (await this.admin.createKey({ client: 'acme', role, ...(pods ? { pods } : {}) })).key;
  }

  /** One that nobody uses. */
  private async signingKey(): Promise<string> {
    const publicKey = publicPart();
    return (await this.admin.createSigningKey({ client: 'acme', publicKey })).id;
  }
}

/** The reader says yes at the terminal; nobody does here. */
function answered(command: string): string {
  return command.replace(/(podway .*(?: revoke |--prune|--accept-loss)[^#\n|]*)/g, (line) =>
    line.includes('--yes') ? line : `${line} --yes `,
  );
}
