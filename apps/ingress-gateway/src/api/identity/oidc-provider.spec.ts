import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Clients, OidcTrusts } from '@podway/persistence';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

const audience = 'https://podway.example';
const credentials = Buffer.from('shop-job:secret-of-the-job').toString('base64');

let gateway: TestGateway;
let server: Server;
let issuer: string;

// A certified issuer by others, so that not only our own idea of one is tested.
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true' });
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: ['shop-job', 'other-job'].map((id) => ({
      client_id: id,
      client_secret: 'secret-of-the-job',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ audience, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 300 }),
      },
    },
  });
  server.on('request', provider.callback());
  await new Clients(gateway.dataSource).create('acme');
  await new OidcTrusts(gateway.dataSource).create({
    ...{ issuer, audience, client: 'acme', role: 'publisher' },
    claims: [{ name: 'client_id', value: 'shop-job' }],
  });
});
afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await gateway.close();
});

async function tokenOf(basic: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}

it('takes the tokens of a real issuer for the job that is trusted, and for no other', async () => {
  const pods = async (token: string): Promise<number> =>
    (await request(gateway.api).get('/v1/pods').set('Authorization', `Bearer ${token}`)).status;
  expect(await pods(await tokenOf(credentials))).toBe(200);
  const other = Buffer.from('other-job:secret-of-the-job').toString('base64');
  expect(await pods(await tokenOf(other))).toBe(401);
});
