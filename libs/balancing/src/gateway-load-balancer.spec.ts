import { PodSpec, validated } from '@podway/contracts';
import {
  GATEWAY_GONE_MS,
  RotationFencedError,
  type DrainProgress,
  type Rotation,
  type WriteFences,
} from '@podway/persistence';
import { describe, expect, it } from 'vitest';
import { GatewayLoadBalancer } from './gateway-load-balancer.js';

const servers = ['web1', 'web2'].map((name) => ({ name, local: true, http: 'http://127.0.0.1' }));
const pod = validated(PodSpec, {
  ...{ name: 'shop', client: 'acme', path: '/srv/shop' },
  ...{ servers, state: { driver: 'tree' } },
});

/** A rotation that answers each wait with what comes next. */
function scene(...progress: DrainProgress[]) {
  const calls: unknown[][] = [];
  const rotation = {
    set: async (...args: unknown[]) => (calls.push(['set', ...args]), 7),
    settled: async (...args: unknown[]) => (calls.push(['settled', ...args]), progress.shift()),
    inRotation: async (_: string, names: string[]) => names.slice(1),
    fence: async (...args: unknown[]) => void calls.push(['fence', ...args]),
  };
  const fences = {
    set: async (...args: unknown[]) => (calls.push(['set', ...args]), 7),
    settled: async (...args: unknown[]) => (calls.push(['settled', ...args]), progress.shift()),
  };
  const balancer = new GatewayLoadBalancer(rotation as unknown as Rotation, fences as unknown as WriteFences);
  return { calls, rotation, balancer };
}

const off = new Map([
  ['web1', false],
  ['web2', true],
]);

const fence = { deploymentId: '01JD3Z7W8X9Y0A1B2C3D4E5F6G', fencingToken: 5, drainTimeoutMs: 900 };

describe('GatewayLoadBalancer', () => {
  it('waits until gateways follow and the servers taken out are idle', async () => {
    const { balancer, calls } = scene({ acknowledged: true, running: 0 });
    const { signal } = new AbortController();
    const drained = await balancer.rotate(pod, off, { fencingToken: 5, drainTimeoutMs: 900, signal });
    expect(drained).toEqual({ running: 0 });
    expect(calls).toEqual([
      ['set', 'shop', off, 5],
      ['settled', 'shop', ['web1'], 7, 900, signal],
    ]);
  });

  it('tells accesses that did not end in time', async () => {
    const { balancer } = scene({ acknowledged: true, running: 3 });
    expect(await balancer.rotate(pod, off, { fencingToken: 5, drainTimeoutMs: 0 })).toEqual({ running: 3 });
  });

  it('waits for a gateway that is behind until it counts as gone, and counts again', async () => {
    const { balancer, calls } = scene(
      { acknowledged: false, running: 0 },
      { acknowledged: true, running: 0 },
      { acknowledged: true, running: 2 },
    );
    expect(await balancer.rotate(pod, off, { fencingToken: 5, drainTimeoutMs: 0 })).toEqual({ running: 2 });
    expect(calls[2]?.[4]).toBeGreaterThan(GATEWAY_GONE_MS);
    expect(calls[3]?.slice(0, 5)).toEqual(['settled', 'shop', ['web1'], 7, 0]);
  });

  it('fails, worth another try, when a gateway lives and does not follow', async () => {
    const { balancer } = scene({ acknowledged: false, running: 0 }, { acknowledged: false, running: 0 });
    await expect(balancer.rotate(pod, off, { fencingToken: 5, drainTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'BALANCER.NOT_SETTLED',
      retryable: true,
    });
  });

  it('does nothing when nothing is to change', async () => {
    const { balancer, calls } = scene();
    const nothing = new Map<string, boolean>();
    expect(await balancer.rotate(pod, nothing, { fencingToken: 5, drainTimeoutMs: 0 })).toEqual({
      running: 0,
    });
    expect(calls).toEqual([]);
  });

  it('passes on that a newer command came first', async () => {
    const { balancer, rotation } = scene();
    rotation.set = () => Promise.reject(new RotationFencedError('shop', 5));
    await expect(balancer.rotate(pod, off, { fencingToken: 5, drainTimeoutMs: 0 })).rejects.toMatchObject({
      code: 'ROTATION.FENCED',
    });
  });

  it('fences writes: waits until gateways keep the fence and writes have ended', async () => {
    const { balancer, calls } = scene({ acknowledged: true, running: 2 });
    const { signal } = new AbortController();
    const fenced = await balancer.fenceWrites(pod, { ...fence, signal });
    expect(fenced).toEqual({ running: 2 });
    expect(calls).toEqual([
      ['set', 'shop', fence.deploymentId, 5],
      ['settled', 'shop', 7, 900, signal],
    ]);
  });

  it('fences writes: waits for a gateway that is behind until it counts as gone, and no longer', async () => {
    const behind = { acknowledged: false, running: 0 };
    const { balancer, calls } = scene(behind, { acknowledged: true, running: 0 });
    expect(await balancer.fenceWrites(pod, fence)).toEqual({ running: 0 });
    expect(calls[2]?.[3]).toBeGreaterThan(GATEWAY_GONE_MS);
    await expect(scene(behind, behind).balancer.fenceWrites(pod, fence)).rejects.toMatchObject({
      code: 'BALANCER.NOT_SETTLED',
      retryable: true,
    });
  });

  it('names servers in rotation, and shows tokens', async () => {
    const { balancer, calls } = scene();
    expect(await balancer.inRotation(pod)).toEqual(['web2']);
    await balancer.fence('shop', 9);
    expect(calls).toEqual([['fence', 'shop', 9]]);
  });
});
