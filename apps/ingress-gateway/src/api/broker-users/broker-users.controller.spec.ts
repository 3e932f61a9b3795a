import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerUserList, NewBrokerUserView, Problem } from '@podway/contracts';
import { ClientSystem } from '@podway/messaging/testing/client-system';
import { AuditLog, BrokerUsers, connectDatabase, type Database } from '@podway/persistence';
import { startClientScene, type ClientScene } from '../../../test/client-scene.js';
import { pod, startGateway } from '../../../test/gateway.js';

describe('broker users', () => {
  let scene: ClientScene;
  let log: AuditLog;
  let database: Database;
  beforeAll(async () => {
    scene = await startClientScene();
    database = await connectDatabase({ url: scene.gateway.databaseUrl, poolSize: 2 });
    log = new AuditLog(database);
    await scene.gateway.apply([pod('shop', 'acme'), pod('other', 'rival')]);
  }, 120_000);
  afterAll(async () => {
    await database?.destroy();
    await scene?.close();
  });

  const path = '/v1/clients/acme/broker-users';
  const signIn = ({ name, password }: NewBrokerUserView): Promise<ClientSystem> =>
    ClientSystem.connect(`amqp://${name}:${password}@127.0.0.1:${scene.rabbit.port}`, 'acme');
  const codeOf = async (answer: Response): Promise<[number, string]> => [
    answer.status,
    ((await answer.json()) as Problem).code,
  ];
  async function lastRecord(): Promise<object | undefined> {
    return (await log.list({ limit: 1 }))[0];
  }

  it('are made, listed, given new passwords and revoked, and each of it is recorded', async () => {
    const made = await scene.api('POST', path, { pods: ['shop'], note: 'shop system' });
    expect(made.status).toBe(201);
    const user = (await made.json()) as NewBrokerUserView;
    const { password, ...shown } = user;
    expect(user).toMatchObject({
      client: 'acme',
      pods: ['shop'],
      exchange: 'podway.client.acme',
      queuePrefix: 'podway.client.acme.',
    });
    expect(user.name).toMatch(/^acme-[0-9a-f]{8}$/);
    expect(password.length).toBeGreaterThan(30);
    const subject = `broker-user/${user.name}`;
    expect(await lastRecord()).toMatchObject({ action: 'createBrokerUser', client: 'acme', subject });
    await (await signIn(user)).close();

    const listed = (await (await scene.api('GET', path)).json()) as BrokerUserList;
    const { exchange: _, queuePrefix: __, ...entry } = shown;
    expect(listed.brokerUsers).toEqual([entry]);
    expect(JSON.stringify(listed)).not.toContain(password);

    const turned = await scene.api('POST', `${path}/${user.name}/rotate`);
    const after = (await turned.json()) as NewBrokerUserView;
    expect(after.password).not.toBe(password);
    expect(await lastRecord()).toMatchObject({ action: 'rotateBrokerUser', outcome: 'accepted' });
    await expect(signIn(user)).rejects.toThrow();
    await (await signIn(after)).close();

    expect((await scene.api('DELETE', `${path}/${user.name}`)).status).toBe(204);
    expect(await lastRecord()).toMatchObject({ action: 'revokeBrokerUser', client: 'acme', subject });
    await expect(signIn(after)).rejects.toThrow();
    expect((await scene.api('DELETE', `${path}/${user.name}`)).status).toBe(204);
    expect(await codeOf(await scene.api('POST', `${path}/${user.name}/rotate`))).toEqual([
      409,
      'BROKER_USER.REVOKED',
    ]);
    const [revoked] = ((await (await scene.api('GET', path)).json()) as BrokerUserList).brokerUsers;
    expect(revoked?.revokedAt).toBeDefined();
  });

  it('are of a client that is there, for PODs of its own', async () => {
    const create = (client: string, body: object) =>
      scene.api('POST', `/v1/clients/${client}/broker-users`, body).then(codeOf);
    expect(await create('nobody', {})).toEqual([404, 'CLIENT.NOT_FOUND']);
    expect(await create('*', {})).toEqual([404, 'CLIENT.NOT_FOUND']);
    expect(await create('acme', { pods: ['other'] })).toEqual([404, 'POD.NOT_FOUND']);
    expect(await create('acme', { pods: [] })).toEqual([422, 'INPUT.INVALID']);
    expect(await create('acme', { pods: ['.*'] })).toEqual([422, 'INPUT.INVALID']);
  });

  it("are not found under another client's name, and names that RabbitMQ has besides are left alone", async () => {
    const { name } = await scene.brokerUser('acme');
    const rivals = `/v1/clients/rival/broker-users/${name}`;
    expect(await codeOf(await scene.api('DELETE', rivals))).toEqual([404, 'BROKER_USER.NOT_FOUND']);
    expect(await codeOf(await scene.api('POST', `${rivals}/rotate`))).toEqual([404, 'BROKER_USER.NOT_FOUND']);
    expect(await codeOf(await scene.api('DELETE', `${path}/podway`))).toEqual([404, 'BROKER_USER.NOT_FOUND']);
  });

  it('leave nothing behind when RabbitMQ cannot be asked', async () => {
    const gateway = await startGateway({
      AMQP_URL: scene.rabbit.url,
      PODWAY_AMQP_MANAGEMENT_URL: 'http://podway:x@127.0.0.1:9',
    });
    try {
      await gateway.apply([pod('shop', 'acme')]);
      const answer = await fetch(gateway.api + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${await gateway.key('*', 'admin')}` },
      });
      expect(await codeOf(answer)).toEqual([503, 'BROKER.MANAGEMENT_FAILED']);
      expect(await new BrokerUsers(gateway.dataSource).list('acme')).toEqual([]);
    } finally {
      await gateway.close();
    }
  });
});
