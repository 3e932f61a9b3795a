import { expect, it } from 'vitest';
import type { Envelope } from '@podway/contracts';
import { stepsOnServer } from './steps-on-server.js';

let sequence = 0;
const event = (type: string, data: object): Envelope => {
  sequence += 1;
  return {
    ...{ specversion: '1.0', id: String(sequence), source: 't', datacontenttype: 'application/json' },
    ...{ type: `io.podway.${type}.v1`, time: `2030-01-01T00:00:0${sequence % 10}.000Z`, data },
  } as unknown as Envelope;
};
const progress = (step: string, message: string, server?: string): Envelope =>
  event('step.progressed', { step, message, ...(server ? { server } : {}) });
const probe = (server: string, verdict: string): object => ({
  ...{ server, probe: 'http /', verdict, detail: `${verdict} here`, durationMs: 1 },
});

const broken = [
  event('deployment.changed', { to: 'SelectingCanary', cause: 'PodLeased' }),
  event('canary.selected', { step: 'SelectingCanary', canary: 'web1', others: ['web2'] }),
  progress('Snapshotting', 'started'),
  event('snapshot.taken', { step: 'Snapshotting' }),
  progress('Installing', 'started'),
  progress('Installing', 'switching', 'web1'),
  event('update.installed', { step: 'Installing' }),
  event('verification.passed', { step: 'Verifying', evidence: [probe('web1', 'passed')] }),
  progress('Replicating', 'staging', 'web2'),
  progress('Replicating', 'switching', 'web2'),
  event('replication.failed', {
    ...{ step: 'Replicating', code: 'HOST.UNREACHABLE', detail: 'web2 is away', server: 'web2' },
    servers: [
      { name: 'web2', result: 'failed', code: 'HOST.UNREACHABLE', detail: 'it is away' },
      { name: 'web3', result: 'staged' },
    ],
  }),
  event('pod.confirmed', {
    step: 'ConfirmingRollback',
    servers: [{ name: 'web1', result: 'restored' }],
    evidence: [probe('web1', 'passed'), probe('web1', 'passed'), probe('web2', 'failed')],
  }),
];
const told = (server: string): string[] =>
  stepsOnServer(broken, server).map(({ text, tone }) => `${tone} ${text}`);

it('tells of the canary what no event names it for, and of a row of progress only the last', () => {
  expect(told('web1')).toEqual([
    'quiet Chosen as the canary',
    'quiet Recording the state: started',
    'good Recording the state: snapshot taken',
    'quiet Installing: switching',
    'good Installing: update installed',
    'good Verifying: 1 probe passed',
    'warn Proving the roll-back: Restored',
    'good Proving the roll-back: 2 probes passed',
  ]);
});

it('tells of the others what was done to them, and why it failed', () => {
  expect(told('web2')).toEqual([
    'quiet Replicating: switching',
    'bad Replicating: Failed: HOST.UNREACHABLE: it is away',
    'bad Proving the roll-back: http / failed: failed here',
  ]);
  expect(told('web3')).toEqual(['busy Replicating: Staged']);
  expect(told('web4')).toEqual([]);
});
