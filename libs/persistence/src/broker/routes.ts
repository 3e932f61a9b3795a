import { exchanges, type Topology } from '@podway/messaging';

/** As AMQP 0-9-1 has it: `*` is one word, `#` any number of them, none included. */
function matches([word, ...pattern]: readonly string[], key: readonly string[]): boolean {
  if (word === undefined) return key.length === 0;
  if (word === '#')
    return matches(pattern, key) || (key.length > 0 && matches([word, ...pattern], key.slice(1)));
  return key.length > 0 && (word === '*' || word === key[0]) && matches(pattern, key.slice(1));
}

/** The queues that a message goes to. */
export function queuesBoundTo(topology: Topology, exchange: string, routingKey: string): string[] {
  const words = routingKey.split('.');
  const bound = (key: string): boolean =>
    exchange === exchanges.events ? matches(key.split('.'), words) : key === routingKey;
  return topology.queues
    .filter(({ bindings }) => bindings.some((binding) => binding.exchange === exchange && bound(binding.key)))
    .map(({ name }) => name);
}
