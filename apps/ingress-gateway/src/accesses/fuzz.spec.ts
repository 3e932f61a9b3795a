import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessScene } from '../../test/access-scene.js';
import { rawClient } from '../../test/raw-client.js';

const { ask, asked, port, restart, upstreams } = accessScene();

/** All that comes until the connection ends, or is quiet although all was said. */
async function outcome(raw: string): Promise<string> {
  const client = rawClient(port());
  client.say(Buffer.from(raw, 'latin1'));
  client.socket.end();
  return client.closed();
}

const statuses = (heard: string): number[] =>
  [...heard.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code));

const HOST = 'Host: solo.example\r\n';
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: solo.example\r\n\r\n';

/** Each could be read in two ways by two who read it. */
const shapes: readonly [string, string][] = [
  [
    'length and coding',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'coding and length',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nContent-Length: 5\r\n\r\n12345`],
  ['twice the same length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nContent-Length: 4\r\n\r\n1234`],
  ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 4, 4\r\n\r\n1234`],
  ['a length with a sign', `POST / HTTP/1.1\r\n${HOST}Content-Length: +4\r\n\r\n1234`],
  ['a negative length', `POST / HTTP/1.1\r\n${HOST}Content-Length: -4\r\n\r\n1234`],
  ['a length in hexadecimal', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x4\r\n\r\n1234`],
  ['a length too large', `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999999\r\n\r\n1234`],
  ['a folded header', `GET / HTTP/1.1\r\n${HOST}X-Folded: a\r\n b\r\n\r\n`],
  ['a folded coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ['a space before the colon', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['another coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['two codings', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  [
    'chunked twice',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunked, then another',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  ],
  ['a coding in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['lines without CR', `GET / HTTP/1.1\nHost: solo.example\n\n`],
  ['a CR in a value', `GET / HTTP/1.1\r\n${HOST}X: a\rTransfer-Encoding: chunked\r\n\r\n`],
  ['a NUL in a value', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`],
  ['a NUL in a name', `GET / HTTP/1.1\r\n${HOST}X\0: b\r\n\r\n`],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}Host: shop.example\r\n\r\n`],
  ['another host in the URL', `GET http://shop.example/ HTTP/1.1\r\n${HOST}\r\n`],
  ['a space in the path', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ['no version', `GET /\r\n${HOST}\r\n`],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a tunnel', 'CONNECT solo.example:80 HTTP/1.1\r\nHost: solo.example:80\r\n\r\n'],
];

describe('what could be read in two ways', () => {
  it.each(shapes)('is refused: %s', async (_, raw) => {
    upstreams()[0]?.answer((request, response) => void request.resume().on('end', () => response.end('ok')));
    const heard = await outcome(raw + smuggled);
    expect(statuses(heard)).toEqual([400]);
    // No server has taken the request for whole, nor what was hidden behind it.
    expect(
      upstreams().flatMap((one) => one.asked.filter(({ url, complete }) => complete || url === '/smuggled')),
    ).toEqual([]);
    expect((await ask('/', { host: 'solo.example' })).status).toBe(200);
  });

  it.each([
    ['a chunk size that is none', 'xyz\r\nabc\r\n0\r\n\r\n'],
    ['a chunk longer than it says', '2\r\nabc\r\n0\r\n\r\n'],
    ['a chunk line without CR', '1;a\nb\r\nx\r\n0\r\n\r\n'],
  ])('in a body is never passed on as whole: %s', async (_, body) => {
    let whole = false;
    upstreams()[0]?.answer((request, response) => {
      request.resume().on('end', () => {
        whole = true;
        response.end('ok');
      });
      request.on('error', () => undefined);
    });
    const heard = await outcome(
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}${smuggled}`,
    );
    expect(statuses(heard).filter((status) => status !== 400)).toEqual([]);
    expect(whole).toBe(false);
  });
});

/** The gateway's own 5xx that are documented, and what only servers say. */
const allowed = (status: number): boolean => status < 500 || [502, 503, 504].includes(status);

const token = fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~09AZaz"), minLength: 1, maxLength: 12 });
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});
const method = fc.oneof(
  fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'M-SEARCH'),
  token,
);
const target = fc.oneof(
  fc.webPath(),
  fc.constantFrom('/', '*', 'http://solo.example/', '//', '/%00', '/..%2f'),
  bytes,
);
const header = fc.oneof(
  fc.tuple(token, bytes).map(([name, value]) => `${name}: ${value}`),
  fc.constantFrom(
    ...[
      'Content-Length: 3',
      'Content-Length: 0',
      'Transfer-Encoding: chunked',
      'Connection: close',
      'Connection: keep-alive',
    ],
    ...[
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Expect: 100-continue',
      'Expect: else',
      'Host: shop.example',
      'TE: trailers',
    ],
  ),
  bytes,
);
const message = fc
  .tuple(
    method,
    target,
    fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1'),
    fc.array(header, { maxLength: 6 }),
    bytes,
  )
  .map(([verb, path, version, headers, body]) =>
    [`${verb} ${path} ${version}`, 'Host: solo.example', ...headers, '', body].join('\r\n'),
  );

it.each([
  [
    'a change of protocol',
    'GET / HTTP/1.1\r\nHost: solo.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['a tunnel', 'CONNECT solo.example:80 HTTP/1.1\r\nHost: solo.example:80\r\n\r\n'],
])('%s behind a request that is not answered yet harms nobody', async (_, second) => {
  upstreams()[0]?.answer((__, response) => void setTimeout(() => response.end('one'), 50));
  const client = rawClient(port());
  client.say(`GET / HTTP/1.1\r\n${HOST}\r\n${second}`);
  expect(statuses(await client.closed())).toEqual([]);
  expect((await ask('/', { host: 'solo.example' })).status).toBe(200);
});

describe('whatever comes', () => {
  it.each<[string, number, fc.Arbitrary<string>]>([
    ['bytes', 400, fc.array(bytes, { maxLength: 10 }).map((parts) => parts.join(''))],
    ['messages', 400, message],
    ['messages in a row', 100, fc.array(message, { minLength: 2, maxLength: 4 }).map((all) => all.join(''))],
  ])(
    '%s: no crash, no 5xx of an unknown kind, and others are served',
    async (_, numRuns, arbitrary) => {
      await restart({
        headersTimeoutMs: 1_000,
        accessBodyIdleMs: 500,
        accessRequestTimeoutMs: 1_000,
        accessResponseTimeoutMs: 1_000,
      });
      for (const one of upstreams()) {
        one.answer((request, response) => void request.resume().on('end', () => response.end(one.name)));
      }
      await fc.assert(
        fc.asyncProperty(fc.array(arbitrary, { minLength: 25, maxLength: 25 }), async (many) => {
          const heard = await Promise.all(many.map(outcome));
          expect(heard.flatMap(statuses).filter((status) => !allowed(status))).toEqual([]);
        }),
        { numRuns },
      );
      expect((await ask('/', { host: 'solo.example' })).status).toBe(200);
      expect(asked()[0]).toBeGreaterThan(0);
    },
    120_000,
  );
});
