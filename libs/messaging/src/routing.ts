import { entityOf, messageOfType, UnknownMessageTypeError, verbOf, type Envelope } from '@podway/contracts';
import type { OutgoingMessage } from './broker.js';
import { exchanges, queueOf } from './topology.js';

/** A command goes to the service that handles it, an event to the coordinator. */
export function routed(envelope: Envelope): OutgoingMessage {
  const definition = messageOfType(envelope.type);
  if (!definition) throw new UnknownMessageTypeError(envelope.type);
  const exchange = definition.kind === 'command' ? exchanges.commands : exchanges.outcomes;
  return { exchange, routingKey: queueOf(definition), envelope };
}

/**
 * An accepted event on the public stream. Key: `<client>.<pod>.<entity>.<event>`, from the envelope's subject and
 * type; `_` stands for a client or POD that is not known yet, and cannot be anyone's name.
 */
export function published(envelope: Envelope): OutgoingMessage {
  const [client, pod] = (envelope.subject ?? '').split('/');
  const routingKey = [client || '_', pod || '_', entityOf(envelope.type), verbOf(envelope.type)].join('.');
  return { exchange: exchanges.events, routingKey, envelope };
}
