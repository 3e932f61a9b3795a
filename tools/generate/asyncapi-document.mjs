// Makes the AsyncAPI 3.0 document of all messages from their registry, the contracts' classes and their fixtures.
import { readFile } from 'node:fs/promises';
import { allMessages, clientMessageTypes, entityOf, verbOf } from '@podway/contracts';
import { exchanges, outcomesQueue, queueOf } from '@podway/messaging';
import { classDocs } from './class-docs.mjs';
import { contractSchemas, reachable } from './contract-schemas.mjs';

const PREFIX = '#/components/schemas/';
const FIXTURES = new URL('../../libs/contracts/fixtures/', import.meta.url);
const refTo = (...parts) => ({ $ref: `#/${parts.join('/')}` });
const schemaOf = (type) => refTo('components', 'schemas', type);

/** Events that are not in the log: between services, and for one webhook alone. */
const UNLOGGED = new Set([
  'io.podway.check.requested.v1',
  'io.podway.pod.checked.v1',
  'io.podway.webhook.tested.v1',
]);

/** The class that has the properties: a message that adds none to those of its base has no schema of its own. */
function formOf(payload, schemas) {
  let at = payload;
  while (!schemas.has(at.name)) at = Object.getPrototypeOf(at);
  return at.name;
}

const byName = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

export async function asyncApiDocument() {
  const messages = allMessages();
  const docs = await classDocs(['libs/contracts/src']);
  const outside = [
    { name: 'PublishUpdate', type: clientMessageTypes.publish },
    { name: 'UpdateAccepted', type: clientMessageTypes.accepted },
    { name: 'UpdateRefused', type: clientMessageTypes.refused },
  ];
  const all = await contractSchemas(PREFIX);
  const forms = new Map(messages.map(({ name, payload }) => [name, formOf(payload, all)]));
  const schemas = reachable(all, [
    ...['Envelope', 'ClientEnvelope', 'ResyncNotice', ...forms.values()],
    ...outside.map(({ name }) => name),
  ]);
  const described = [
    ...(await Promise.all(
      messages.map(async (one) => [one.name, await message(one, forms.get(one.name), docs)]),
    )),
    ...outside.map((one) => [one.name, outsideMessage(one, docs)]),
    ['Resync', resync()],
  ];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Podway',
      version: '1',
      description:
        'Every message: events of the public log, commands to services and their outcomes, updates of client systems.',
      license: { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      api: { host: '127.0.0.1:7780', protocol: 'http', description: 'The gateway of a local all-in-one.' },
      broker: {
        host: '127.0.0.1:5672',
        protocol: 'amqp',
        protocolVersion: '0-9-1',
        description: 'RabbitMQ.',
      },
    },
    channels: channels(messages),
    operations: operations(messages),
    components: { schemas: Object.fromEntries(schemas), messages: byName(described) },
  };
}

function channels(messages) {
  const logged = messages.filter(({ kind, type }) => kind === 'event' && !UNLOGGED.has(type));
  const commands = messages.filter(({ kind }) => kind === 'command');
  const outcomes = messages.filter(({ kind }) => kind === 'event');
  const exchange = (name, type) => ({ name, type, durable: true, autoDelete: false, vhost: '/' });
  const routed = (name, type) => ({
    amqp: { is: 'routingKey', exchange: exchange(name, type), bindingVersion: '0.3.0' },
  });
  const broker = { servers: [refTo('servers', 'broker')] };
  const api = { servers: [refTo('servers', 'api')] };
  return {
    events: {
      address: '{client}.{pod}.{entity}.{event}',
      description: 'The log of all events, on a topic exchange, in the order of their sequence.',
      ...broker,
      parameters: {
        client: { description: 'Whose it is.' },
        pod: { description: 'The POD; `_` where there is none.' },
        entity: {
          description: 'Third part of the type.',
          enum: unique(logged.map(({ type }) => entityOf(type))),
        },
        event: {
          description: 'Fourth part of the type.',
          enum: unique(logged.map(({ type }) => verbOf(type))),
        },
      },
      bindings: routed(exchanges.events, 'topic'),
      messages: messagesOf(logged),
    },
    eventStream: {
      address: '/v1/events',
      description: 'The same log as server-sent events; the `id` of each is its sequence.',
      ...api,
      bindings: { http: { bindingVersion: '0.3.0' } },
      messages: { ...messagesOf(logged), Resync: refTo('components', 'messages', 'Resync') },
    },
    webhook: {
      address: null,
      description:
        'The same log, sent with POST to the URL of a webhook, signed as Standard Webhooks has it.',
      bindings: { http: { bindingVersion: '0.3.0' } },
      messages: messagesOf([...logged, ...messages.filter(({ name }) => name === 'WebhookTested')]),
    },
    outcomes: {
      address: outcomesQueue,
      description: 'Between services: all that the coordinator is told.',
      ...broker,
      bindings: routed(exchanges.outcomes, 'direct'),
      messages: messagesOf(outcomes),
    },
    ...Object.fromEntries(
      commands.map((command) => [
        command.name,
        {
          address: queueOf(command),
          description: `Between services: commands to ${command.service}.`,
          ...broker,
          bindings: routed(exchanges.commands, 'direct'),
          messages: messagesOf([command]),
        },
      ]),
    ),
    clientUpdates: {
      address: 'podway.client.{client}',
      description: 'Updates that client systems publish; each client has an exchange of its own.',
      ...broker,
      parameters: { client: { description: 'Whose it is.' } },
      messages: messagesOf([{ name: 'PublishUpdate' }]),
    },
    clientAnswers: {
      address: null,
      description: 'The queue that a client system names in `reply_to`.',
      ...broker,
      messages: messagesOf([{ name: 'UpdateAccepted' }, { name: 'UpdateRefused' }]),
    },
  };
}

function operations(messages) {
  const operation = (action, channel, summary) => ({ action, channel: refTo('channels', channel), summary });
  return {
    publishEvents: operation('send', 'events', 'Podway publishes what has happened.'),
    streamEvents: operation('send', 'eventStream', 'Podway sends what has happened, from any sequence on.'),
    callWebhook: operation('send', 'webhook', 'Podway calls a webhook.'),
    tellOutcome: operation('send', 'outcomes', 'A service tells the coordinator.'),
    ...Object.fromEntries(
      messages
        .filter(({ kind }) => kind === 'command')
        .map(({ name, service }) => [`handle${name}`, operation('receive', name, `Handled by ${service}.`)]),
    ),
    takeUpdate: {
      ...operation('receive', 'clientUpdates', 'Podway takes an update.'),
      reply: {
        address: { location: '$message.header#/replyTo' },
        channel: refTo('channels', 'clientAnswers'),
      },
    },
  };
}

async function message({ name, type }, form, docs) {
  const example = JSON.parse(await readFile(new URL(`${type}.json`, FIXTURES), 'utf8'));
  return {
    name: type,
    title: name,
    ...(docs.get(name)?.text ? { summary: docs.get(name).text } : {}),
    contentType: 'application/cloudevents+json',
    payload: cloudEvent('Envelope', type, form),
    examples: [{ payload: example }],
  };
}

function outsideMessage({ name, type }, docs) {
  return {
    name: type,
    title: name,
    ...(docs.get(name)?.text ? { summary: docs.get(name).text } : {}),
    contentType: 'application/cloudevents+json',
    payload: cloudEvent(name === 'PublishUpdate' ? 'ClientEnvelope' : 'Envelope', type, name),
  };
}

function resync() {
  return {
    name: 'resync',
    title: 'Resync',
    summary: 'What the reader knows is not to be continued from: read the state anew.',
    payload: schemaOf('ResyncNotice'),
  };
}

function cloudEvent(envelope, type, data) {
  return {
    allOf: [
      schemaOf(envelope),
      {
        type: 'object',
        properties: { type: { const: type }, data: schemaOf(data) },
        required: ['type', 'data'],
      },
    ],
  };
}

const messagesOf = (messages) =>
  Object.fromEntries(messages.map(({ name }) => [name, refTo('components', 'messages', name)]));

const unique = (words) => [...new Set(words)].sort();
