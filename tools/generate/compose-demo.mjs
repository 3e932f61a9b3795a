import { answers, built, image, volumes } from './compose-parts.mjs';

/** The profile `demo`: servers to publish to, reached over SSH as any others. */
export const demoServers = ['demo-web1', 'demo-web2', 'demo-web3', 'demo-web4'];
const applyInventory =
  `PODWAY_KEY=$$(cat ${volumes.admin}/admin.key) exec node apps/cli/dist/main.js pods apply -f ` +
  `${volumes.demoHosts}/pods.yaml`;
export const demoVolumes = ['demo-hosts', ...demoServers];

/** What the demo's servers share. */
export const demoServer = {
  ...image('demo-server'),
  profiles: ['demo'],
  networks: ['servers'],
  depends_on: { 'demo-keys': { condition: 'service_completed_successfully' } },
  healthcheck: {
    // Its web server has nothing to show before the first release.
    test: answers('tcp://127.0.0.1:8080', 'ssh://127.0.0.1:2222'),
    interval: '10s',
    timeout: '5s',
    retries: 6,
    start_period: '30s',
  },
};

export function demoServices() {
  return {
    'demo-keys': {
      ...image('demo-server'),
      ...built('demo-server'),
      profiles: ['demo'],
      restart: 'on-failure',
      network_mode: 'none',
      command: ['sh', 'tools/compose/demo-keys.sh', volumes.ssh, volumes.demoHosts, ...demoServers],
      volumes: [`ssh:${volumes.ssh}`, `demo-hosts:${volumes.demoHosts}`],
    },
    'demo-inventory': {
      ...image('podway'),
      profiles: ['demo'],
      restart: 'on-failure',
      networks: ['servers'],
      command: ['sh', '-c', applyInventory],
      environment: { PODWAY_URL: 'http://ingress-gateway:7780' },
      volumes: [`admin:${volumes.admin}:ro`, `demo-hosts:${volumes.demoHosts}:ro`],
      depends_on: {
        'demo-keys': { condition: 'service_completed_successfully' },
        'ingress-gateway': { condition: 'service_healthy' },
      },
    },
    ...Object.fromEntries(
      demoServers.map((name) => [
        name,
        {
          command: ['sh', 'tools/compose/demo-server.sh', name, volumes.demoHosts, volumes.site],
          volumes: [`demo-hosts:${volumes.demoHosts}:ro`, `${name}:${volumes.site}`],
        },
      ]),
    ),
  };
}
