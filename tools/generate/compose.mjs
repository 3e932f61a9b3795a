// Writes docker-compose.yml from the list of services and the start commands that `npm run fleet` uses.
import { Document, Pair, Scalar } from 'yaml';
import { services } from '@podway/contracts';
import { startCommand } from '@podway/testing/fleet';
import { demoServer, demoServers, demoServices, demoVolumes } from './compose-demo.mjs';
import { answers, built, image, volumes } from './compose-parts.mjs';
import { writeOrCheck } from './write-or-check.mjs';

/** What differs from service to service; everything else is shared. */
const particulars = {
  'ingress-gateway': {
    environment: {
      PODWAY_HOST: '0.0.0.0',
      PODWAY_GATEWAY_ID: 'ingress-gateway',
      PODWAY_AMQP_MANAGEMENT_URL: managementUrl(),
    },
    // On this machine only: put a proxy with TLS in front before others may come.
    ports: ['127.0.0.1:7780:7780', '127.0.0.1:7788:7788'],
    volumes: [`artifacts:${volumes.artifacts}`],
  },
  auth: { volumes: [`artifacts:${volumes.artifacts}:ro`] },
  'installer-agent': { volumes: [`artifacts:${volumes.artifacts}:ro`, `ssh:${volumes.ssh}:ro`] },
  'pod-resolver': { volumes: [`ssh:${volumes.ssh}:ro`] },
  snapshotter: { volumes: [`ssh:${volumes.ssh}:ro`] },
  verifier: { volumes: [`ssh:${volumes.ssh}:ro`] },
  // Deltas wait in files until every server has them.
  replicator: {
    environment: { TMPDIR: volumes.spool },
    volumes: [`ssh:${volumes.ssh}:ro`, `spool:${volumes.spool}`],
  },
  'saga-coordinator': {},
};

const healthPort = '7790';

function managementUrl() {
  return `http://podway:${password('PODWAY_AMQP_PASSWORD')}@rabbitmq:15672`;
}

function password(name) {
  return `\${${name}:?choose it in a file .env; letters and digits only}`;
}
const databaseUrl = `postgres://podway:${password('PODWAY_DATABASE_PASSWORD')}@postgres:5432/podway`;

const compose = {
  name: 'podway',
  'x-podway': {
    ...image('podway'),
    networks: ['backend', 'servers'],
    stop_grace_period: '30s',
    healthcheck: {
      test: answers(`http://127.0.0.1:${healthPort}/readyz`),
      interval: '5s',
      timeout: '3s',
      retries: 6,
      start_period: '30s',
    },
    depends_on: {
      migrate: { condition: 'service_completed_successfully' },
      postgres: { condition: 'service_healthy' },
      rabbitmq: { condition: 'service_healthy' },
    },
  },
  'x-environment': {
    DATABASE_URL: databaseUrl,
    AMQP_URL: `amqp://podway:${password('PODWAY_AMQP_PASSWORD')}@rabbitmq:5672`,
    PODWAY_ARTIFACTS_DIR: volumes.artifacts,
    PODWAY_SSH_KEY: `${volumes.ssh}/id_ed25519`,
    PODWAY_ALLOW_LOCAL_SERVERS: 'false',
    PODWAY_HEALTH_PORT: healthPort,
    // Within the networks of this file only: the port is not published.
    PODWAY_HEALTH_HOST: '0.0.0.0',
    PODWAY_LOG_LEVEL: '${PODWAY_LOG_LEVEL:-info}',
  },
  'x-demo-server': demoServer,
  services: {
    postgres: {
      image: 'postgres:18-bookworm',
      user: 'postgres',
      restart: 'unless-stopped',
      networks: ['backend'],
      environment: {
        POSTGRES_USER: 'podway',
        POSTGRES_DB: 'podway',
        POSTGRES_PASSWORD: password('PODWAY_DATABASE_PASSWORD'),
      },
      volumes: ['postgres:/var/lib/postgresql'],
      shm_size: '128mb',
      security_opt: ['no-new-privileges:true'],
      healthcheck: {
        test: ['CMD', 'pg_isready', '-q', '-h', '127.0.0.1', '-U', 'podway', '-d', 'podway'],
        interval: '5s',
        timeout: '3s',
        retries: 6,
        start_period: '30s',
      },
    },
    rabbitmq: {
      // With the management API: broker users of clients are made by it.
      image: 'rabbitmq:3.13-management',
      // Its data belongs to the node of this name.
      hostname: 'rabbitmq',
      user: 'rabbitmq',
      restart: 'unless-stopped',
      networks: ['backend'],
      environment: {
        RABBITMQ_DEFAULT_USER: 'podway',
        RABBITMQ_DEFAULT_PASS: password('PODWAY_AMQP_PASSWORD'),
      },
      volumes: ['rabbitmq:/var/lib/rabbitmq'],
      security_opt: ['no-new-privileges:true'],
      healthcheck: {
        test: ['CMD', 'rabbitmq-diagnostics', '-q', 'check_port_connectivity'],
        interval: '10s',
        timeout: '10s',
        retries: 6,
        start_period: '60s',
      },
    },
    migrate: {
      ...image('podway'),
      // All others wait for it, so its image is there for them.
      ...built('podway'),
      restart: 'on-failure',
      networks: ['backend'],
      command: ['node', 'apps/podway/dist/migrate.js'],
      environment: {
        DATABASE_URL: databaseUrl,
        PODWAY_ADMIN_KEY_FILE: `${volumes.admin}/admin.key`,
      },
      volumes: [`admin:${volumes.admin}`],
      depends_on: { postgres: { condition: 'service_healthy' } },
    },
    ...Object.fromEntries(services.map((service) => [service, podwayService(service)])),
    ...demoServices(),
  },
  networks: { backend: { internal: true }, servers: {} },
  volumes: Object.fromEntries(
    ['postgres', 'rabbitmq', 'admin', 'artifacts', 'ssh', 'spool', ...demoVolumes].map((name) => [name, {}]),
  ),
};

function podwayService(service) {
  const { environment = {}, ...rest } = particulars[service];
  return { command: startCommand(service), environment, ...rest };
}

/** Lets every service take over what is shared, as YAML merge keys. */
function withSharedParts(document) {
  const merge = (map, shared) =>
    map.items.unshift(
      new Pair(new Scalar('<<'), document.createAlias(document.get(shared), shared.slice(2))),
    );
  for (const service of services) {
    merge(document.getIn(['services', service]), 'x-podway');
    merge(document.getIn(['services', service, 'environment']), 'x-environment');
  }
  for (const server of demoServers) merge(document.getIn(['services', server]), 'x-demo-server');
  return document;
}

const header =
  ' Generated by tools/generate/compose.mjs (npm run generate). Do not edit.\n' +
  ' How to use it, and with what it was run: docs/operations/containers.md.';
const document = withSharedParts(
  new Document(compose, { aliasDuplicateObjects: false, version: '1.2', merge: true }),
);
document.commentBefore = header;
await writeOrCheck('docker-compose.yml', document.toString({ lineWidth: 0 }));
