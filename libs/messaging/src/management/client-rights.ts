import { clientExchangeOf, clientQueuePrefix, clientStreamOf, exchanges } from '../topology.js';

/** Regular expressions over names, as RabbitMQ has them. https://www.rabbitmq.com/docs/access-control */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermission {
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** Nothing at all. An empty expression would match everything. */
const NOTHING = '^$';
/** Names go into the expressions as they are: nothing in them may mean more than itself. */
const PLAIN = /^[a-z0-9-]{1,63}$/;

/**
 * What a broker user of a client may touch. It makes and reads queues of its own (their names begin with
 * `podway.client.<client>.`), publishes to its exchange, and binds its queues to the public events. To bind a queue, RabbitMQ
 * wants `write` on it; that does not let anyone publish into it, which would go by the default exchange. With `stream` it reads
 * the stream of its client's events besides.
 */
export function permissionsFor(client: string, { stream = false } = {}): Permissions {
  const readable = [exchanges.events, ...(stream ? [clientStreamOf(client)] : [])].map(literal);
  const [exchange, own] = [literal(clientExchangeOf(client)), literal(clientQueuePrefix(client))];
  return {
    configure: `^${own}.+$`,
    write: `^(${exchange}|${own}.+)$`,
    read: `^(${own}.+|${readable.join('|')})$`,
  };
}

/** Which events it may bind to: those of its client, or of some of its PODs. Without this rule RabbitMQ allows all. */
export function topicPermissionFor(client: string, pods?: readonly string[]): TopicPermission {
  const ofPods = pods === undefined ? '' : `(${pods.map(plain).join('|')})\\.`;
  return { exchange: exchanges.events, write: NOTHING, read: `^${plain(client)}\\.${ofPods}.+$` };
}

function literal(name: string): string {
  return name.replaceAll('.', '\\.');
}

function plain(name: string): string {
  if (!PLAIN.test(name)) throw new TypeError(`${name} is not a name of a client or POD`);
  return name;
}
