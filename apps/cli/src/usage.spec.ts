import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { podway as run, type Ran, type RunOptions } from '../test/run.js';

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

interface Help {
  command: string;
  text: string;
  leaf: boolean;
}

/** The help of a command and of all below it, for a terminal of 80 columns. */
async function helps(command: readonly string[] = []): Promise<Help[]> {
  const { stdout } = await run([...command, '--help'], { columns: 80 });
  const [, list = ''] = stdout.split('\nCommands:\n');
  const below = [...list.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, name = '']) => name);
  const names = below.filter((name) => name !== 'help');
  const found = await Promise.all(names.map((name) => helps([...command, name])));
  const does = /^Usage: podway( [a-z-]+)* \[options\]/.test(stdout) && command.length > 0;
  const leaf = does && !stdout.split('\n')[0]?.endsWith('[options] [command]');
  return [{ command: command.join(' '), text: stdout, leaf }, ...found.flat()];
}

describe('every command', () => {
  it('explains itself within 80 columns, and takes what all take', async () => {
    const all = await helps();
    expect(all.filter(({ leaf }) => leaf).length).toBeGreaterThan(45);
    for (const { command, text, leaf } of all) {
      const long = text.split('\n').filter((line) => line.length > 80);
      expect(long, command).toEqual([]);
      if (!leaf) continue;
      for (const option of ['--json', '--url', '--key', '--profile', '--no-input', '--yes'])
        expect(text, `${command} ${option}`).toContain(option);
    }
  });

  it('keeps its help free of colours', async () => {
    for (const { text } of await helps()) expect(text).not.toContain('\u001b');
  });
});

describe('what cannot be taken back', () => {
  const revoke = ['keys', 'revoke', 'abcdefghijkl', '--url', 'http://127.0.0.1:20001', '--key', 'k'];

  it.each([
    ['nobody is there to ask', revoke, {}],
    ['--no-input', [...revoke, '--no-input'], { columns: 80, answers: ['y'] }],
    ['the answer is no', revoke, { columns: 80, answers: [''] }],
  ])('is not done: %s', async (_why, args, options) => {
    const ran = await run(args, options);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('podway: CLI.NOT_CONFIRMED: ');
  });

  it.each([
    ['--yes', [...revoke, '--yes'], {}],
    ['the answer is yes', revoke, { columns: 80, answers: ['y'] }],
  ])('is done: %s', async (_why, args, options) => {
    expect((await run(args, options)).stderr).toContain('podway: SDK.UNREACHABLE: ');
  });
});

it('tells its version', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('tells when nobody answers', async () => {
  const ran = await run(['status', '--url', 'http://127.0.0.1:20001', '--key', 'k']);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^podway: SDK\.UNREACHABLE: .*127\.0\.0\.1:20001/);
});

/** What a Podway that answers so, or never, makes of a command line. */
async function against(answer: object | undefined, args: string[], options: RunOptions = {}): Promise<Ran> {
  const server = createServer((_request, response) => {
    if (answer) response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await run([...args, '--url', url, '--key', 'k'], options);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('Ctrl-C', () => {
  it.each([['status'], ['keys create --client x --role viewer'], ['doctor shop'], ['events'], ['plan']])(
    'ends at once what waits for an answer: podway %s',
    async (args) => {
      const interrupt = new AbortController();
      setTimeout(() => interrupt.abort(), 200);
      const folder = fileURLToPath(new URL('../../../examples/shop/1.1.0', import.meta.url));
      const options = { interrupted: interrupt.signal, cwd: folder };
      const ran = await against(undefined, args.split(' '), options);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('podway: CLI.INTERRUPTED: ');
    },
  );
});

describe('a table', () => {
  const label = 'a label that says in many words what this update of the shop is for';
  const one = { id: 'D', pod: 'shop', state: 'Succeeded', submittedAt: '2030-01-01T00:00:00.000Z', label };

  it('is cut at the edge of a terminal, and whole elsewhere', async () => {
    const shown = await against({ deployments: [one] }, ['status'], { columns: 80 });
    expect(shown.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(shown.stdout).not.toContain(label);
    expect((await against({ deployments: [one] }, ['status'])).stdout).toContain(label);
  });
});
