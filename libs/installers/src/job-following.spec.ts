import { describe, expect, it } from 'vitest';
import { StateError, type JobView, type ServerTarget, type StateDriver } from '@podway/state';
import { RecordingLog } from '@podway/testing/steps';
import { followToEnd } from './job-following.js';
import { Redactor } from './redaction.js';

/** What a server answers, look by look. The last answer stands. */
function followed(views: (Partial<JobView> | undefined)[], secrets: string[] = []) {
  const log = new RecordingLog();
  const messages: string[] = [];
  const events: string[] = [];
  let at = 0;
  const driver = {
    followJob: async (_: unknown, jobId: string, { fromByte }: { fromByte: number }): Promise<JobView> => {
      const view = views[Math.min(at++, views.length - 1)];
      events.push(`look ${jobId} ${fromByte}`);
      if (!view) throw new StateError('JOB_MISSING', 'no such job', { server: 'web1' });
      const nextByte = fromByte + Buffer.byteLength(view.output ?? '');
      return { output: '', nextByte, more: false, state: 'running', ...view };
    },
  } as Partial<StateDriver> as StateDriver;
  const kept = async (): Promise<void> => void events.push(`kept ${log.printed.length}`);
  const context = {
    ...{ deploymentId: 'D', fencingToken: 1 },
    log: Object.assign(log, { kept }),
    progress: (message: string) => void messages.push(message),
  };
  const target = { session: { server: 'web1' } } as ServerTarget;
  const redactor = new Redactor(secrets);
  const run = () => followToEnd({ driver, target, context, jobId: 'D.site', component: 'site', redactor });
  const lines = (): string[] => log.printed.map(({ text }) => text);
  return { run, log, lines, messages, events };
}

describe('following a job', () => {
  it('logs every line of it once, in order, however it comes', async () => {
    const { run, log, lines } = followed([
      { output: 'one\ntw' },
      { output: '' },
      { output: 'o\nthree\n\n10%\r' },
      { output: '50%\r100%\r\nfo' },
      { output: 'ur', state: 'exited', exitCode: 0 },
    ]);
    expect(await run()).toEqual({ exitCode: 0, lastLines: 'one\ntwo\nthree\n\n10%\r50%\r100%\r\nfour' });
    expect(lines()).toEqual(['one', 'two', 'three', '', '100%', 'four']);
    expect(log.printed.map(({ line }) => line)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(log.printed[0]).toEqual({ server: 'web1', part: 'site', line: 0, text: 'one' });
  });

  it('numbers the lines as before when it is followed again', async () => {
    const again = [
      { output: 'one\ntwo', more: true },
      { output: '\nthree\n', state: 'exited', exitCode: 1 },
    ] as const;
    const first = followed([{ output: 'one\n' }, { output: 'two\nth' }, { state: 'lost' }]);
    const second = followed([...again]);
    await first.run();
    await second.run();
    expect(second.log.printed.slice(0, 2)).toEqual(first.log.printed.slice(0, 2));
    expect(second.lines()).toEqual(['one', 'two', 'three']);
  });

  it('logs no secret, not one that comes in parts either', async () => {
    const { run, lines, messages } = followed(
      [
        { output: 'key hunt' },
        { output: 'er22 ok\nhun' },
        { output: 'dred\nlast hunter', state: 'exited', exitCode: 0 },
      ],
      ['hunter22'],
    );
    await run();
    expect(lines()).toEqual(['key [secret] ok', 'hundred', 'last [secret]']);
    expect([...lines(), ...messages].join()).not.toContain('hunter');
  });

  it('reads no more than is kept', async () => {
    const { run, events } = followed([
      { output: 'a\nb\n', more: true },
      { output: 'c\n', more: true },
      { state: 'exited', exitCode: 0 },
    ]);
    await run();
    expect(events).toEqual(['look D.site 0', 'kept 2', 'look D.site 4', 'kept 3', 'look D.site 6']);
  });

  it('makes the last line progress, also one that is not complete', async () => {
    const { run, messages } = followed([
      { output: 'unpacking' },
      { output: '\nconfiguring\n' },
      { state: 'exited', exitCode: 0 },
    ]);
    await run();
    expect(messages).toEqual(['unpacking', 'configuring']);
  });

  it('finds no job, and says so', async () => {
    const { run, lines } = followed([undefined]);
    expect(await run()).toBeUndefined();
    expect(lines()).toEqual([]);
  });
});
