import { expect, it } from 'vitest';
import { podway as run } from '../test/run.js';

it.each([['nonsense'], ['rollback'], ['keys create --client x --role king'], ['status --limit 0']])(
  'tells what is wrong with: podway %s',
  async (args) => {
    const ran = await run(args.split(' '));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^podway: CLI\.USAGE: /);
  },
);

it.each([[['--help']], [['publish', '--help']], [['pods', 'apply', '--help']]])('helps: %j', async (args) => {
  expect(await run(args)).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('Usage: podway'),
  });
});

it('tells when nobody answers', async () => {
  const ran = await run(['status', '--url', 'http://127.0.0.1:20001', '--key', 'k']);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^podway: SDK\.UNREACHABLE: .*127\.0\.0\.1:20001/);
});
