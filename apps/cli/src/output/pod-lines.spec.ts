import type { PodDetailView } from '@podway/contracts';
import { expect, it } from 'vitest';
import { podLines } from './pod-lines.js';
import { Printer } from './printer.js';

const pod: PodDetailView = {
  ...{ name: 'shop', client: 'acme', revision: 1, hosts: [], serverCount: 1, queueLength: 0, release: 2 },
  servers: [{ name: 'web1', inRotation: true, quarantined: false }],
};
const printer = new Printer(
  { stdout: process.stdout, stderr: process.stderr, env: { NO_COLOR: '1' } },
  false,
);
const lines = (changes: Partial<PodDetailView> = {}): string[] => podLines({ ...pod, ...changes }, printer);

it('says in the first lines what the POD is for, and when users can only read', () => {
  expect(lines()[0]).toBe('POD shop of acme: no release yet');
  const writesFenced = { deploymentId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', since: '2030-01-01T00:00:00.000Z' };
  const [first, second] = lines({ environment: 'staging', writesFenced });
  expect(first).toBe('POD shop of acme (staging): no release yet');
  expect(second).toBe('Writes are fenced: users can only read until the deployment is over.');
  expect(lines().join('\n')).not.toContain('fenced');
});
