import { PodSpec, validated } from '@podway/contracts';
import type { Rotation } from '@podway/persistence';
import { describe, expect, it } from 'vitest';
import { BalancerByPod } from './balancer-by-pod.js';
import type { LoadBalancer } from './load-balancer.js';

function recording(name: string, calls: string[]): LoadBalancer {
  return {
    fence: () => Promise.reject(new Error('the fence is in the table')),
    inRotation: async () => [name],
    running: async () => new Map([[name, 1]]),
    rotate: async () => (calls.push(name), { running: 2 }),
    fenceWrites: async () => (calls.push(name), { running: 3 }),
  };
}

describe('BalancerByPod', () => {
  const calls: string[] = [];
  const rotation = { fence: async (pod: string, token: number) => void calls.push(`${pod} ${token}`) };
  const byPod = new BalancerByPod(rotation as unknown as Rotation, {
    gateway: recording('gateway', calls),
    haproxy: recording('haproxy', calls),
  });
  const pod = (balancer?: object): PodSpec =>
    validated(PodSpec, {
      ...{ name: 'shop', client: 'acme', path: '/srv/shop', state: { driver: 'tree' }, balancer },
      servers: [{ name: 'web1', local: true, http: 'http://127.0.0.1' }],
    });

  it.each([
    ['no balancer', undefined, 'gateway'],
    ['the gateways', { kind: 'gateway' }, 'gateway'],
    ['HAProxy', { kind: 'haproxy', sockets: ['/run/x'], backend: 'shop' }, 'haproxy'],
  ])('an entry that names %s', async (_, balancer, name) => {
    const options = { fencingToken: 1, drainTimeoutMs: 0 };
    expect(await byPod.inRotation(pod(balancer))).toEqual([name]);
    expect(await byPod.running(pod(balancer))).toEqual(new Map([[name, 1]]));
    expect(await byPod.rotate(pod(balancer), new Map(), options)).toEqual({ running: 2 });
    const fence = { ...options, deploymentId: '01JD3Z7W8X9Y0A1B2C3D4E5F6G' };
    expect(await byPod.fenceWrites(pod(balancer), fence)).toEqual({ running: 3 });
    expect(calls.splice(0)).toEqual([name, name]);
  });

  it('fences in the table, whatever the balancer', async () => {
    await byPod.fence('shop', 7);
    expect(calls.splice(0)).toEqual(['shop 7']);
  });
});
