import { describe, expect, it } from 'vitest';
import {
  allMessages,
  Command,
  commandsOf,
  entityOf,
  Event,
  messageOf,
  messageOfType,
  services,
  SnapshotTaken,
  TakeSnapshot,
  verbOf,
} from './index.js';

describe('registry', () => {
  it('knows each message by its class and by its type', () => {
    for (const definition of allMessages()) {
      expect(messageOf(definition.payload)).toBe(definition);
      expect(messageOfType(definition.type)).toBe(definition);
    }
    expect(messageOf(TakeSnapshot)).toMatchObject({
      kind: 'command',
      name: 'TakeSnapshot',
      type: 'io.podway.snapshot.take.v1',
      service: 'snapshotter',
    });
    expect(messageOf(SnapshotTaken).service).toBeUndefined();
    expect(messageOfType('io.podway.nothing.happened.v1')).toBeUndefined();
  });

  it('names, types and the handling service of each command are unambiguous', () => {
    const messages = allMessages();
    expect(new Set(messages.map(({ name }) => name)).size).toBe(messages.length);
    expect(new Set(messages.map(({ type }) => type)).size).toBe(messages.length);
    const commands = messages.filter(({ kind }) => kind === 'command');
    expect(services.flatMap(commandsOf)).toHaveLength(commands.length);
  });

  it('refuses a type that is declared already', () => {
    const before = allMessages();
    class Again {}
    expect(() => Event('io.podway.snapshot.taken.v1')(Again)).toThrow('is declared twice');
    expect(() => Command('io.podway.snapshot.take.v1', 'snapshotter')(Again)).toThrow('is declared twice');
    expect(allMessages()).toEqual(before);
  });

  it('refuses a class that is declared already', () => {
    const before = allMessages();
    expect(() => Event('io.podway.snapshot.retaken.v1')(SnapshotTaken)).toThrow(
      'SnapshotTaken is declared twice',
    );
    class SnapshotTakenAgain {}
    Object.defineProperty(SnapshotTakenAgain, 'name', { value: 'SnapshotTaken' });
    expect(() => Event('io.podway.snapshot.retaken.v1')(SnapshotTakenAgain)).toThrow('is declared twice');
    expect(allMessages()).toEqual(before);
  });

  it.each([
    'snapshot.taken.v1',
    'io.podway.snapshot.v1',
    'io.podway.snapshot.taken',
    'io.podway.snapshot.taken.v',
    'io.podway.snapshot.taken.v1.v2',
    'io.podway.Snapshot.taken.v1',
    'io.podway.snapshot.1taken.v1',
    'io.podway.snapshot.*.v1',
    'io.podway.snapshot.taken.v0',
    ' io.podway.snapshot.taken.v2',
    'io.podway.snapshot.taken.v2\n',
  ])('refuses the form %j', (type) => {
    class Message {}
    expect(() => Event(type)(Message)).toThrow('is not of the form');
    expect(() => messageOf(Message)).toThrow('Message is not a declared message');
  });

  it('reads entity and verb of a type', () => {
    expect(entityOf('io.podway.snapshot.taken.v1')).toBe('snapshot');
    expect(verbOf('io.podway.snapshot.taken.v1')).toBe('taken');
    expect([entityOf('nonsense'), verbOf('nonsense')]).toEqual(['', '']);
  });
});
