import { TestIssuer } from '@podway/testing/oidc';
import type { DebianPostgres, TestPostgres } from '@podway/testing/postgres';
import type { TestRabbitMq } from '@podway/testing/rabbitmq';
import type { SshServers } from '@podway/testing/ssh-servers';
import { newBroker } from './broker-users.js';
import type { FailedRollBacks } from './failed-roll-backs.js';
import { ANY_ID } from './ids.js';
import { migrates, ownCluster } from './own-database.js';
import type { Place } from './place.js';
import { answered, type Command, type Own } from './stand-ins.js';

/** What Podway stands on at the operator's. */
export interface Parts {
  readonly postgres: TestPostgres;
  readonly rabbit: TestRabbitMq;
  /** Reached over SSH. */
  readonly servers: SshServers;
}

/** What an operator has: a CI system, servers, databases and brokers, and deployments whose roll-back failed. */
export class OperatorsOwn {
  private constructor(
    private readonly place: Place,
    private readonly parts: Parts,
    private readonly failed: FailedRollBacks,
    private readonly issuer: TestIssuer,
    private readonly cluster: DebianPostgres,
  ) {}

  static async make(place: Place, parts: Parts, failed: FailedRollBacks): Promise<OperatorsOwn> {
    const issuer = await TestIssuer.start();
    return new OperatorsOwn(place, parts, failed, issuer, await ownCluster('podway'));
  }

  readonly own: Own = async (command) => {
    if (/podway retry /.test(command)) return await this.retry(command);
    if (command.includes('https://ci.example.org')) return { text: this.fromIssuer(command) };
    if (command.includes('$CI_TOKEN')) return { text: `export CI_TOKEN=${await this.token()}\n${command}` };
    if (command.startsWith('ssh-keyscan ')) return this.keyscan(command);
    if (command.includes('create role podway_tenant')) {
      const text = `export DATABASE_URL=${this.cluster.url('podway')}\n${command}`;
      return { text, afterwards: (shell) => migrates(this.cluster, shell) };
    }
    return /(amqp|postgres):\/\/\w+:password@/.test(command)
      ? { text: await this.withParts(command) }
      : undefined;
  };

  async stop(): Promise<void> {
    await this.issuer.stop();
    await this.cluster.stop();
  }

  private async retry(command: string): Promise<Command> {
    const id = await (command.includes('--accept-loss') ? this.failed.withWrites() : this.failed.damaged());
    return {
      text: answered(command.replace(ANY_ID, id)),
      afterwards: () => this.failed.isRolledBack(id),
    };
  }

  private fromIssuer(command: string): string {
    return command.replace('https://ci.example.org', this.issuer.url);
  }

  /** As the page says that the jobs of this client have it. */
  private token(): Promise<string> {
    const claims = { repository: 'acme/shop', ref: 'refs/heads/main' };
    return this.issuer.token({ aud: this.place.url, sub: 'repo:acme/shop', ...claims });
  }

  private keyscan(command: string): Command {
    const { ssh } = this.parts.servers.at(0).spec();
    const text = `${command.replace('10.0.0.11', `-p ${ssh?.port} ${ssh?.host}`)} > scanned`;
    const key = ssh?.hostKeys[0] ?? '';
    return {
      text,
      afterwards: async (shell) => {
        const { code, output } = await shell.run(`grep -F '${key}' scanned`);
        if (code !== 0) throw new Error(`The server's key ${key} is not in what it prints: ${output}`);
      },
    };
  }

  /** A page names a database and a broker; here are new ones. */
  private async withParts(command: string): Promise<string> {
    let text = command;
    for (const [url] of command.matchAll(/(?:amqp|postgres):\/\/\S+/g)) {
      const part = url.startsWith('amqp')
        ? newBroker(this.parts.rabbit)
        : this.parts.postgres.createDatabase();
      text = text.replace(url, await part);
    }
    return text;
  }
}
