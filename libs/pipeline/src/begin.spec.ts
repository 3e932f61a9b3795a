import { AuthenticateUpdate, UpdateSubmitted } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { context, submitted } from '../test/deployment.js';
import { begin } from './begin.js';
import { decide } from './decide.js';

const statement = {
  payloadType: 'application/vnd.podway.update.v1+json',
  payload: 'e30=',
  signatures: [{ keyid: 'a'.repeat(64), sig: 'AAAA' }],
};

describe('a deployment that begins', () => {
  it('hands the signed statement on to who authenticates, at every attempt', () => {
    const signed = Object.assign(new UpdateSubmitted(), submitted, { statement });
    const first = begin(signed, context);
    expect(first.commands).toEqual([expect.objectContaining({ statement })]);
    expect(first.commands[0]).toBeInstanceOf(AuthenticateUpdate);
    const later = new Date(context.now.getTime() + 86_400_000);
    const again = decide(
      JSON.parse(JSON.stringify(first.state)),
      { kind: 'Timeout' },
      { ...context, now: later },
    );
    expect(again).toMatchObject({ kind: 'moved', commands: [{ attempt: 2, statement }] });
  });

  it('makes none up', () => {
    const { state, commands } = begin(submitted, context);
    expect(state).not.toHaveProperty('statement');
    expect(commands[0]).not.toHaveProperty('statement');
  });
});
