import { Readable } from 'node:stream';
import { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import { eventually } from '../eventually.js';
import { brokerUser } from './broker-users.js';
import { publicPart } from './key-pair.js';
import type { Place } from './place.js';

/** An id that stands in a page for the reader's own. */
export const ANY_ID = /\b01J[0-9A-HJKMNP-TV-Z]{23}\b/;
const SECOND_ID = '01J00000000000000000000001';

/** Finds, or makes, what the ids in a page stand for. */
export class Ids {
  constructor(
    private readonly place: Place,
    private readonly admin: Podway,
  ) {}

  /** The command with ids that are good for it. */
  async put(command: string): Promise<string> {
    let text = command;
    const put = async (stand: string, found: () => Promise<string>): Promise<void> => {
      if (text.includes(stand)) text = text.replaceAll(stand, await found());
    };
    await put(SECOND_ID, () => this.delivery());
    const [shown] = ANY_ID.exec(command.replaceAll(SECOND_ID, '')) ?? [];
    if (shown !== undefined) await put(shown, () => this.idFor(text));
    await put('acme-1a2b3c4d', () => brokerUser(this.admin, 'acme'));
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

  async key(role: 'publisher' | 'viewer', pods?: string[]): Promise<string> {
    return (await this.admin.createKey({ client: 'acme', role, ...(pods ? { pods } : {}) })).key;
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
    await eventually(
      `${id} waits for approval`,
      async () => (await this.admin.deployment(id).get()).state === 'AwaitingApproval',
    );
    return id;
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

  /** One that nobody uses. */
  private async signingKey(): Promise<string> {
    const publicKey = publicPart();
    return (await this.admin.createSigningKey({ client: 'acme', publicKey })).id;
  }
}
