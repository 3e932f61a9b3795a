import 'reflect-metadata';

/** The services of FIG. 2. Each command has exactly one of them as its handler. */
export const services = [
  'ingress-gateway',
  'auth',
  'pod-resolver',
  'snapshotter',
  'installer-agent',
  'verifier',
  'replicator',
  'saga-coordinator',
] as const;
export type ServiceName = (typeof services)[number];

export type MessageClass<T extends object = object> = new () => T;

/** One command or event: its CloudEvents type, its payload class and, for a command, who handles it. */
export interface MessageDefinition<T extends object = object> {
  readonly kind: 'command' | 'event';
  /** Class name, for example `TakeSnapshot`. Unique. */
  readonly name: string;
  /** CloudEvents type, for example `io.podway.snapshot.taken.v1`. Unique, never reused. */
  readonly type: string;
  readonly payload: MessageClass<T>;
  /** The one service that handles the command; unset for events. */
  readonly service?: ServiceName;
}

const byType = new Map<string, MessageDefinition>();
const byClass = new Map<MessageClass, MessageDefinition>();

function register(definition: MessageDefinition): void {
  if (!/^io\.podway(\.[a-z][a-z-]*){2}\.v[1-9]\d*$/.test(definition.type)) {
    throw new Error(`Message type ${definition.type} is not of the form io.podway.<entity>.<verb>.v<N>`);
  }
  if (byType.has(definition.type)) throw new Error(`Message type ${definition.type} is declared twice`);
  if (allMessages().some(({ name }) => name === definition.name)) {
    throw new Error(`Message ${definition.name} is declared twice`);
  }
  byType.set(definition.type, definition);
  byClass.set(definition.payload, definition);
}

/** Declares the class as a command. The service named is the only one that handles it. */
export function Command(type: string, service: ServiceName) {
  return (payload: MessageClass): void =>
    register({ kind: 'command', name: payload.name, type, service, payload });
}

/** Declares the class as an event: something that has happened. */
export function Event(type: string) {
  return (payload: MessageClass): void => register({ kind: 'event', name: payload.name, type, payload });
}

/** Every declared message, in order of declaration. Source of AsyncAPI, fixtures and topology. */
export function allMessages(): readonly MessageDefinition[] {
  return [...byType.values()];
}

/** Commands that `service` handles. */
export function commandsOf(service: ServiceName): readonly MessageDefinition[] {
  return allMessages().filter((message) => message.service === service);
}

/** The definition of a payload class. Throws for a class that was never declared. */
export function messageOf<T extends object>(payload: MessageClass<T>): MessageDefinition<T> {
  const found = byClass.get(payload);
  if (!found) throw new Error(`${payload.name} is not a declared message`);
  return found as MessageDefinition<T>;
}

/** The definition behind a CloudEvents type, or undefined when the type is unknown here. */
export function messageOfType(type: string): MessageDefinition | undefined {
  return byType.get(type);
}

/** The entity in a message type: `snapshot` in `io.podway.snapshot.taken.v1`. */
export function entityOf(type: string): string {
  return type.split('.')[2] ?? '';
}

/** The verb in a message type: `taken` in `io.podway.snapshot.taken.v1`. */
export function verbOf(type: string): string {
  return type.split('.')[3] ?? '';
}
