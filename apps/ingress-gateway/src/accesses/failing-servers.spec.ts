import { describe, expect, it } from 'vitest';
import { accessScene } from '../../test/access-scene.js';

const { ask, asked, restart, upstreams } = accessScene();

describe('a server that fails', () => {
  it('is passed over for another, at once and for a while', async () => {
    await upstreams()[0]?.stop();
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask()));
    expect(answers.map((one) => one.status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((one) => one.body))).toEqual(new Set(['two', 'three']));
  });

  it('that closes before it answers is passed over too', async () => {
    upstreams()[1]?.answer((request) => request.socket.destroy());
    for (let n = 0; n < 9; n += 1) expect((await ask()).status).toBe(200);
    expect(asked()[1]).toBe(1);
  });

  it('comes back', async () => {
    await restart({ accessFailedMs: 50 });
    upstreams()[1]?.answer((request) => request.socket.destroy());
    for (let n = 0; n < 3; n += 1) await ask();
    upstreams()[1]?.answer((_, response) => void response.end('back'));
    await expect.poll(async () => (await ask()).body).toBe('back');
  });

  it.each([
    ['POST', undefined],
    ['GET', 'a body'],
  ])('is not asked twice for what may have had an effect: %s with body %s', async (method, body) => {
    for (const one of upstreams()) one.answer((request) => request.socket.destroy());
    const answer = await ask('/', {
      method,
      body: body ?? 'x',
      headers: { 'content-length': String((body ?? 'x').length) },
    });
    expect(answer.status).toBe(502);
    expect(asked().reduce((sum, count) => sum + count)).toBe(1);
  });

  it('makes 502 when all do', async () => {
    for (const one of upstreams()) one.answer((request) => request.socket.destroy());
    const answer = await ask();
    expect([answer.status, answer.body]).toEqual([
      502,
      '502 ACCESS.SERVER_FAILED: The server did not answer.\n',
    ]);
    expect(asked()).toEqual([1, 1, 1]);
  });

  it('alone in its POD gets a second chance: its kept connection may only have been old', async () => {
    let count = 0;
    upstreams()[0]?.answer((request, response) => {
      count += 1;
      if (count === 1) request.socket.destroy();
      else response.end('second');
    });
    expect((await ask('/', { host: 'solo.example' })).body).toBe('second');
  });

  it('in mid-answer cuts the user off, so that nobody takes a part for the whole', async () => {
    upstreams()[0]?.answer((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    await expect(ask('/', { host: 'solo.example' })).rejects.toThrow();
  });

  it('that takes too long makes 504', async () => {
    await restart({ accessResponseTimeoutMs: 100 });
    upstreams()[0]?.answer(() => undefined);
    const answer = await ask('/', { host: 'solo.example' });
    expect(answer.status).toBe(504);
  });

  it('may answer anything', async () => {
    upstreams()[0]?.answer((request) => request.socket.end('not HTTP at all\r\n\r\n'));
    expect((await ask('/', { host: 'solo.example' })).status).toBe(502);
  });
});
