import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDashboard } from './dashboard-files.js';
import { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { dashboardSite } from './dashboard-site.js';
import { signInOf } from './sign-in.js';

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podway-site-'));
  await mkdir(join(folder, 'dist/assets'), { recursive: true });
  await writeFile(join(folder, 'dist/index.html'), '<h1>the page</h1>');
  await writeFile(join(folder, 'dist/assets/main-1a2b.js'), 'the script');
  await writeFile(join(folder, 'dist/made-from'), 'not for outside');
  await writeFile(join(folder, 'secret.json'), 'beside it');
  const site = dashboardSite(await readDashboard(join(folder, 'dist')));
  server = createServer((asked, response) =>
    site(asked, response, () => response.writeHead(404).end('the API')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

it.each(['/', '/dashboard'])('leads from %s to the page', async (path) => {
  const { status, headers } = await request(url).get(path);
  expect([status, headers.location]).toEqual([302, '/dashboard/']);
});

it.each(['/dashboard/', '/dashboard/pods/shop?x=1', '/dashboard/made-from', '/dashboard/../secret.json'])(
  'answers %s with the page, never kept, under its policy',
  async (path) => {
    const { text, headers } = await request(url).get(path).expect(200);
    expect(text).toBe('<h1>the page</h1>');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self';"),
      'x-content-type-options': 'nosniff',
    });
  },
);

it('answers with a script that is kept for ever', async () => {
  const { text, headers } = await request(url).get('/dashboard/assets/main-1a2b.js').expect(200);
  expect(text).toBe('the script');
  expect(headers).toMatchObject({
    'content-encoding': 'gzip',
    'cache-control': 'public, max-age=31536000, immutable',
  });
});

it.each(['/dashboard/assets/gone.js', '/dashboard/assets/..%2f..%2fsecret.json', '/v1/pods', '/dashboards'])(
  'leaves %s to the API',
  async (path) => {
    expect((await request(url).get(path)).text).toBe('the API');
  },
);

it("only shows: other methods are the API's", async () => {
  expect((await request(url).post('/dashboard/')).text).toBe('the API');
  const { headers, text } = await request(url).head('/dashboard/').expect(200);
  expect([text, Number(headers['content-length'])]).toEqual([undefined, expect.any(Number)]);
});

it('tells how people sign in, and lets the page call the issuer and no other', async () => {
  expect((await request(url).get('/dashboard/sign-in.json').expect(200)).body).toEqual({});
  const settings = new IngressGatewaySettings();
  const named = {
    signInIssuer: 'https://id.example.org/realm',
    signInClientId: 'podway',
    signInOrigins: 'https://tokens.example.net/oauth',
  };
  const site = dashboardSite(
    await readDashboard(join(folder, 'dist')),
    signInOf(Object.assign(settings, named)),
  );
  const other = createServer((asked, response) => site(asked, response, () => response.end()));
  try {
    const { body, headers } = await request(other).get('/dashboard/sign-in.json').expect(200);
    expect(body).toEqual({
      oidc: { issuer: 'https://id.example.org/realm', clientId: 'podway', scope: 'openid' },
    });
    expect(headers['content-security-policy']).toContain(
      "; connect-src 'self' https://id.example.org https://tokens.example.net; ",
    );
  } finally {
    other.close();
  }
});

it.each([
  [{ signInIssuer: 'https://id.example.org' }, 'PODWAY_SIGN_IN_CLIENT_ID: is missing'],
  [{ signInClientId: 'podway' }, 'PODWAY_SIGN_IN_ISSUER: is missing'],
  [{ signInIssuer: 'http://id.example.org', signInClientId: 'podway' }, 'must begin with https://'],
  [{ signInIssuer: "https://a.example; script-src 'x'", signInClientId: 'podway' }, 'must be a URL'],
])('refuses the settings %j', (named, problem) => {
  const settings = Object.assign(new IngressGatewaySettings(), named);
  expect(() => signInOf(settings)).toThrow(
    expect.objectContaining({ details: { problems: [expect.stringContaining(problem)] } }) as Error,
  );
});

it('is not there when it was not built', async () => {
  const nothing = dashboardSite(await readDashboard(join(folder, 'nowhere')));
  let passed = false;
  nothing({ url: '/dashboard/', method: 'GET' } as never, {} as never, () => (passed = true));
  expect(passed).toBe(true);
});
