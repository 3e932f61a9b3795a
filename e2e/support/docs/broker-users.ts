import type { Podway } from '@podway/sdk';
import type { TestRabbitMq } from '@podway/testing/rabbitmq';

/** Name of a user of RabbitMQ that is good, made where there is none. */
export async function brokerUser(admin: Podway, client: string): Promise<string> {
  const good = (await admin.brokerUsers(client)).find(({ revokedAt }) => revokedAt === undefined);
  return (good ?? (await admin.createBrokerUser(client))).name;
}

/** A RabbitMQ of one's own, as far as Podway sees: a new virtual host. */
export async function newBroker({ url, managementUrl }: TestRabbitMq): Promise<string> {
  const { origin, username, password } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const name = `docs-${Date.now()}`;
  const put = async (path: string, body: object): Promise<void> => {
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/api/${path}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await put(`vhosts/${name}`, {});
  await put(`permissions/${name}/${username}`, { configure: '.*', write: '.*', read: '.*' });
  return `${url}/${name}`;
}
