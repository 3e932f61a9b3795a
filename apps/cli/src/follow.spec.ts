import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { DeploymentHandle, EventsOptions } from '@podway/sdk';
import { followAll } from './follow.js';
import { Printer } from './output/printer.js';

const silent = { write: () => true };
const printer = new Printer({ stdout: silent, stderr: silent, env: {} }, false);

/** A deployment that is over so long after somebody follows it. */
function deployment(id: string, ms: number): DeploymentHandle {
  return {
    deploymentId: id,
    async *events({ signal }: EventsOptions = {}) {
      await sleep(ms, undefined, { ...(signal ? { signal } : {}) }).catch(() => undefined);
      yield* [];
    },
    get: () =>
      Promise.resolve({
        ...{ id, pod: 'shop', client: 'acme', state: 'Succeeded', submittedAt: '2030-01-01T00:00:00.000Z' },
        ...{ stages: [], servers: [], evidence: [] },
      }),
  } as unknown as DeploymentHandle;
}

it('waits for all deployments of an update no longer than it may wait at all', async () => {
  const handles = [deployment('A', 150), deployment('B', 150), deployment('C', 150)];
  const interrupted = new AbortController().signal;
  await expect(followAll(handles, { printer, interrupted, timeoutMs: 400 })).rejects.toMatchObject({
    code: 'SDK.WAIT_ENDED',
  });
  expect(await followAll(handles, { printer, interrupted, timeoutMs: 5_000 })).toBe(0);
});
