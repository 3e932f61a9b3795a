// `npm run fleet`: every service as a process of its own. `-- --scale installer-agent=3`, `--amqp-url`, `--database-url`.
import { writeFile, mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { services } from '@podway/contracts';
import { Fleet } from '@podway/testing/fleet';

const usage = `Usage: npm run fleet -- [options]
  --scale SERVICE=N    how many processes of a service (repeatable); services: ${services.join(', ')}
  --amqp-url URL       a RabbitMQ to use; default: a private one, installed when missing (Debian, root)
  --amqp-management-url URL  its management API, with user and password
  --database-url URL   a PostgreSQL to use; default: a private one
  --api-port N         default: PODWAY_API_PORT, or 7780
  --access-port N      default: PODWAY_ACCESS_PORT, or 7788`;

function options() {
  const { values } = parseArgs({
    options: {
      scale: { type: 'string', multiple: true, default: [] },
      'amqp-url': { type: 'string', default: process.env.AMQP_URL },
      'amqp-management-url': { type: 'string', default: process.env.PODWAY_AMQP_MANAGEMENT_URL },
      'database-url': { type: 'string', default: process.env.DATABASE_URL },
      'api-port': { type: 'string', default: process.env.PODWAY_API_PORT ?? '7780' },
      'access-port': { type: 'string', default: process.env.PODWAY_ACCESS_PORT ?? '7788' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const scale = {};
  for (const part of values.scale) {
    const [service, count] = part.split('=');
    if (!services.includes(service) || !/^[0-9]{1,3}$/.test(count ?? ''))
      throw new TypeError(`--scale ${part} is not SERVICE=N`);
    scale[service] = Number(count);
  }
  return {
    scale,
    amqpUrl: values['amqp-url'],
    amqpManagementUrl: values['amqp-management-url'],
    databaseUrl: values['database-url'],
    apiPort: Number(values['api-port']),
    accessPort: Number(values['access-port']),
  };
}

let chosen;
try {
  chosen = options();
} catch (error) {
  console.error(`fleet: ${error.message}\n${usage}`);
  process.exit(2);
}

const tell = (line) => console.error(`fleet: ${line}`);
const fleet = await Fleet.start({ ...chosen, folder: '.podway/fleet', tell });
await mkdir('.podway', { recursive: true });
await writeFile('.podway/admin.key', `${fleet.adminKey}\n`, { mode: 0o600 });
tell('the admin key is in .podway/admin.key; logs are in .podway/fleet/logs; Ctrl-C stops');

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    tell('stopping');
    fleet.stop().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
