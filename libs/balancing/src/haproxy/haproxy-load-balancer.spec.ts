import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { changes, haproxyScene } from '../../test/haproxy-scene.js';
import { ask, Visitors } from '../../test/visitors.js';

const scene = haproxyScene();
const at = (fencingToken: number, drainTimeoutMs = 5_000) => ({ fencingToken, drainTimeoutMs });

/** Which servers answer `count` accesses. */
async function answering(count = 12): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(scene.proxy().port)));
  return [...new Set(answers.map((answer) => answer.split(' ')[1] ?? ''))].toSorted();
}

describe('out of rotation and back', () => {
  it('a server taken out gets no access any more, and again when it is put back', async () => {
    const balancer = scene.balancer();
    expect(await answering()).toEqual(['web1', 'web2', 'web3']);
    expect(await balancer.rotate(scene.pod(), changes({ web1: false }), at(1))).toEqual({ running: 0 });
    expect(await answering()).toEqual(['web2', 'web3']);
    expect(await balancer.inRotation(scene.pod())).toEqual(['web2', 'web3']);
    await balancer.rotate(scene.pod(), changes({ web1: true }), at(2));
    expect(await answering()).toEqual(['web1', 'web2', 'web3']);
    expect(await balancer.rotate(scene.pod(), changes({}), at(3))).toEqual({ running: 0 });
  });

  it('over TCP, by other names, and from a HAProxy whose servers begin disabled', async () => {
    const names = { web1: 'App_1', web2: 'App_2', web3: 'App_3' };
    const shop = Object.fromEntries(Object.values(names).map((name, i) => [name, scene.server(i).url]));
    const proxy = await scene.another({
      backends: { other: { x: 'http://127.0.0.1:1' }, 'Shop.eu': shop },
      serverOptions: { App_1: 'disabled', App_2: 'disabled', App_3: 'disabled' },
    });
    const pod = scene.pod({ sockets: [proxy.tcpSocket], backend: 'Shop.eu', servers: names });
    expect(await proxy.inMaintenance('Shop.eu')).toEqual(['App_1', 'App_2', 'App_3']);
    await scene.balancer().rotate(pod, changes({ web2: false }), at(1));
    expect(await proxy.inMaintenance('Shop.eu')).toEqual(['App_2']);
  });

  it('does not let in sessions that stick to the server', async () => {
    const proxy = await scene.another({
      backendLines: ['cookie SRV insert indirect'],
      serverOptions: { web1: 'cookie web1', web2: 'cookie web2', web3: 'cookie web3' },
    });
    const sticking = (): Promise<string> => ask(proxy.port, { cookie: 'SRV=web1' });
    expect(await sticking()).toBe('200 web1 1');
    await scene.balancer().rotate(scene.pod(), changes({ web1: false }), at(1));
    expect(await sticking()).not.toContain('web1');
  });

  it('a quarantined server stays out, whatever the rotation says', async () => {
    await scene
      .database()
      .query(
        `insert into coordinator.server_status (pod, server, quarantined, updated_at) values ('shop', 'web3', true, now())`,
      );
    await scene.balancer().rotate(scene.pod(), changes({ web1: false, web3: true }), at(1));
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1', 'web3']);
  });

  it('a drain that somebody else has set does not keep a server out of rotation', async () => {
    await scene.proxy().tell('set server shop/web2 state drain');
    expect(await scene.balancer().follow(scene.pod())).toBe(true);
    expect(await answering()).toEqual(['web1', 'web2', 'web3']);
    expect(await scene.balancer().follow(scene.pod())).toBe(false);
  });
});

it('cannot keep users from writing, and says so', async () => {
  await expect(scene.balancer().fenceWrites(scene.pod())).rejects.toMatchObject({
    code: 'BALANCER.NO_WRITE_FENCE',
    retryable: false,
  });
});

describe('a drain', () => {
  it('waits for accesses that run', async () => {
    scene.server(0).hold();
    const running = [ask(scene.proxy().port), ask(scene.proxy().port), ask(scene.proxy().port)];
    await expect.poll(() => scene.server(0).asked).toBe(1);
    expect(await scene.balancer().running(scene.pod())).toEqual(
      new Map([
        ['web1', 1],
        ['web2', 0],
        ['web3', 0],
      ]),
    );
    let drained = false;
    const draining = scene.balancer().rotate(scene.pod(), changes({ web1: false }), at(1));
    void draining.then(() => (drained = true));
    await sleep(300);
    expect(drained).toBe(false);
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
    scene.server(0).letGo();
    expect(await draining).toEqual({ running: 0 });
    expect((await Promise.all(running)).toSorted()).toEqual(['200 web1 1', '200 web2 1', '200 web3 1']);
  });

  it('ends when its time is over, tells what still runs, and cuts nothing', async () => {
    scene.server(0).hold();
    const running = [ask(scene.proxy().port), ask(scene.proxy().port), ask(scene.proxy().port)];
    await expect.poll(() => scene.server(0).asked).toBe(1);
    const drained = await scene.balancer().rotate(scene.pod(), changes({ web1: false }), at(1, 200));
    expect(drained).toEqual({ running: 1 });
    scene.server(0).letGo();
    expect((await Promise.all(running)).toSorted()).toEqual(['200 web1 1', '200 web2 1', '200 web3 1']);
  });

  it('goes on over a restart of HAProxy, and the server is out afterwards', async () => {
    scene.server(0).hold();
    const running = [1, 2, 3].map(() => ask(scene.proxy().port));
    await expect.poll(() => scene.server(0).asked).toBe(1);
    const draining = scene.balancer().rotate(scene.pod(), changes({ web1: false }), at(1));
    await expect.poll(() => scene.proxy().inMaintenance('shop')).toEqual(['web1']);
    await scene.proxy().kill();
    await sleep(200);
    await scene.proxy().start();
    expect(await draining).toEqual({ running: 0 });
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
    expect(await answering()).toEqual(['web2', 'web3']);
    await Promise.all(running);
  });
});

describe('the switch, one change over several servers', () => {
  it.each([1, 2])(
    'no access fails, and none goes back to the old release (%i threads)',
    async (threads) => {
      const proxy = await scene.another({ threads });
      const pod = scene.pod({ sockets: [proxy.socket] });
      const servers = [0, 1, 2].map(scene.server);
      for (const server of servers) server.answerMs = 1;
      const visitors = new Visitors(proxy.port, 24);
      const switches = 20;
      for (let release = 2; release <= switches + 1; release += 1) {
        const balancer = scene.balancer();
        const token = 3 * release;
        await balancer.rotate(pod, changes({ web1: false }), at(token));
        servers[0]!.release = release;
        await balancer.rotate(pod, changes({ web1: true, web2: false, web3: false }), at(token + 1));
        expect(await proxy.inMaintenance('shop')).toEqual(['web2', 'web3']);
        servers[1]!.release = servers[2]!.release = release;
        await balancer.rotate(pod, changes({ web2: true, web3: true }), at(token + 2));
        await sleep(20);
      }
      await visitors.stop();
      expect({ failed: visitors.failed, late: visitors.late }).toEqual({ failed: [], late: 0 });
      expect(visitors.newest).toBe(switches + 1);
      expect(visitors.total).toBeGreaterThan(500);
    },
    60_000,
  );

  it('every HAProxy follows', async () => {
    const second = await scene.another();
    await scene.balancer().rotate(scene.pod(), changes({ web1: false }), at(1));
    await scene.balancer().rotate(scene.pod(), changes({ web1: true, web2: false, web3: false }), at(2));
    expect(await second.inMaintenance('shop')).toEqual(['web2', 'web3']);
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web2', 'web3']);
  });

  it('takes no part of many servers twice, nor too many in one line', async () => {
    const names = Array.from({ length: 400 }, (_, i) => `a-server-with-a-rather-long-name-${i}`);
    const shop = Object.fromEntries(names.map((name) => [name, 'http://127.0.0.1:1']));
    const proxy = await scene.another({ backends: { shop } });
    const pod = {
      ...scene.pod({ sockets: [proxy.socket] }),
      servers: names.map((name) => ({ name, local: true, http: 'http://127.0.0.1:1' })),
    };
    const [canary = '', ...others] = names;
    await scene.balancer().rotate(pod, changes({ [canary]: false }), at(1));
    const all = new Map([[canary, true], ...others.map((name) => [name, false] as const)]);
    await scene.balancer().rotate(pod, all, at(2));
    expect(await proxy.inMaintenance('shop')).toEqual(others);
  });
});

describe('old workers', () => {
  it('are refused by their token, and HAProxy is not touched', async () => {
    const balancer = scene.balancer();
    await balancer.rotate(scene.pod(), changes({ web1: false }), at(7));
    const late = balancer.rotate(scene.pod(), changes({ web1: true }), at(6));
    await expect(late).rejects.toMatchObject({ code: 'ROTATION.FENCED', retryable: false });
    await expect(balancer.fence('shop', 6)).rejects.toMatchObject({ code: 'ROTATION.FENCED' });
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
  });

  it('that had their say in the table bring HAProxy to what the table says now', async () => {
    // Its change is in the table, and it stops before it has told HAProxy.
    await scene.rotation().set('shop', changes({ web1: true, web2: false }), 5);
    await scene.balancer().rotate(scene.pod(), changes({ web1: false, web2: true }), at(6));
    await scene.balancer().follow(scene.pod());
    expect(await scene.proxy().inMaintenance('shop')).toEqual(['web1']);
  });

  it('and newer ones at once leave what the newest wants', async () => {
    for (let round = 0; round < 5; round += 1) {
      const tokens = [1, 2, 3, 4, 5, 6].map((step) => round * 10 + step);
      await Promise.allSettled(
        tokens.map((token) =>
          scene
            .balancer()
            .rotate(scene.pod(), changes({ web1: token % 2 === 0, web2: token % 2 === 1 }), at(token, 0)),
        ),
      );
      expect(await scene.proxy().inMaintenance('shop')).toEqual(['web2']);
    }
  });
});

it('before it says what is in rotation, it brings a HAProxy there that has forgotten', async () => {
  await scene.balancer().rotate(scene.pod(), changes({ web2: false }), at(1));
  await scene.proxy().kill();
  await scene.proxy().start();
  expect(await scene.proxy().inMaintenance('shop')).toEqual([]);
  expect(await scene.balancer().inRotation(scene.pod())).toEqual(['web1', 'web3']);
  expect(await scene.proxy().inMaintenance('shop')).toEqual(['web2']);
});
