import type { OperationsView } from '@podway/contracts';
import { lengthOf } from '../shown/times.js';
import type { Stat } from './stat-tiles.js';

const sumOf = <T>(all: readonly T[], number: (one: T) => number): number =>
  all.reduce((sum, one) => sum + number(one), 0);
const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
const oldest = (ms: readonly (number | undefined)[]): number => Math.max(0, ...ms.map((one) => one ?? 0));

/** What is seen first: whether work flows, and whether anything is in its way. */
export function statsOf(view: OperationsView): Stat[] {
  return [
    running(view),
    waiting(view),
    steps(view),
    sessions(view),
    messages(view),
    dead(view),
    gateways(view),
  ];
}

function running({ stages }: OperationsView): Stat {
  const now = stages.filter((one) => one.now > 0 && one.stage !== 'Queued');
  const count = sumOf(now, (one) => one.now);
  const longest = lengthOf(oldest(now.map((one) => one.oldestMs)));
  return {
    name: 'Running',
    value: count,
    below: count === 0 ? 'no update: all PODs are at rest' : `updates, the longest ${longest} in its stage`,
    ...(count === 0 ? { icon: 'check', tone: 'quiet' } : { icon: 'pulse', tone: 'busy' }),
    to: '/?show=updating',
  };
}

function waiting({ waiting: { updates, pods, oldestMs } }: OperationsView): Stat {
  return {
    name: 'Waiting',
    value: updates,
    below: updates === 0 ? 'no update' : `updates for ${many(pods, 'POD')}, the oldest ${lengthOf(oldestMs)}`,
    ...{ icon: 'clock', tone: 'quiet' },
    to: '/?show=waiting',
  };
}

function steps({ workers }: OperationsView): Stat {
  const [running, capacity] = [sumOf(workers, (one) => one.running), sumOf(workers, (one) => one.capacity)];
  const busy = workers.filter((one) => one.running > 0).length;
  if (workers.length === 0)
    return { name: 'Steps at work', value: 0, below: 'no worker lives', icon: 'alert', tone: 'bad' };
  return {
    name: 'Steps at work',
    value: `${running} of ${capacity}`,
    below: `${many(busy, 'worker')} busy, ${workers.length - busy} idle`,
    ...{ icon: 'tool', tone: running === capacity ? 'warn' : running > 0 ? 'busy' : 'quiet' },
  };
}

function sessions({ workers }: OperationsView): Stat {
  const open = sumOf(workers, (one) => one.sshSessions);
  return {
    name: 'SSH sessions',
    value: open,
    below: 'commands that run on servers',
    icon: 'link',
    tone: 'quiet',
  };
}

function messages({ queues, outboxes }: OperationsView): Stat {
  const unsent = sumOf(outboxes, (one) => one.count);
  const unsentText = `${unsent} not sent yet`;
  const name = 'Messages';
  if (!queues)
    return {
      name,
      value: '?',
      below: `the broker does not answer; ${unsentText}`,
      icon: 'alert',
      tone: 'bad',
    };
  return {
    name,
    value: sumOf(queues, (one) => one.waiting),
    below: `wait in queues; ${unsentText}`,
    icon: 'list',
    tone: 'quiet',
  };
}

function dead({ deadLetters }: OperationsView): Stat {
  const none = deadLetters === 0;
  return {
    name: 'Dead letters',
    value: deadLetters ?? '?',
    below: none ? 'every message was handled' : 'look, mend the cause, replay',
    ...(none ? { icon: 'check', tone: 'good' } : { icon: 'alert', tone: 'bad' }),
    to: '/operations/dead-letters',
  };
}

function gateways({ gateways: count }: OperationsView): Stat {
  return {
    name: 'Gateways',
    value: count,
    below: count === 0 ? 'nobody routes accesses' : 'route accesses',
    ...(count === 0 ? { icon: 'alert', tone: 'bad' } : { icon: 'server', tone: 'quiet' }),
  };
}
