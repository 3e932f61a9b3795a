import { describe, expect, it } from 'vitest';
import {
  childTraceparent,
  envelop,
  parseMessage,
  PodResolved,
  StepProgressed,
  TRACEPARENT,
  ULID,
  validated,
  type Envelope,
} from './index.js';

const deploymentId = '01JX4E7Q2M8V3K5N6P9R0S1T2W';
const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

function resolved(changes: object = {}): PodResolved {
  const outcome = { deploymentId, step: 'Resolving', attempt: 1, client: 'acme', pod: 'shop' };
  return Object.assign(new PodResolved(), outcome, changes);
}

function sent(changes: object = {}): Record<string, unknown> {
  return { ...JSON.parse(JSON.stringify(envelop(resolved(), { source: 'pod-resolver' }))), ...changes };
}

const invalid = (problem: string): Error =>
  expect.objectContaining({
    code: 'INPUT.INVALID',
    message: expect.stringContaining(problem) as string,
  }) as Error;

describe('envelop', () => {
  it('makes a CloudEvent of a declared message', () => {
    const at = new Date('2026-03-02T09:00:00.000Z');
    const envelope = envelop(resolved(), { source: 'pod-resolver', subject: 'acme/shop', time: at });
    expect(envelope).toMatchObject({
      specversion: '1.0',
      source: '/podway/pod-resolver',
      type: 'io.podway.pod.resolved.v1',
      subject: 'acme/shop',
      time: '2026-03-02T09:00:00.000Z',
      datacontenttype: 'application/json',
      deploymentid: deploymentId,
    });
    expect(envelope.id).toMatch(ULID);
    expect(envelope.data).toEqual(resolved());
  });

  it('gives each message an id of its own, or the one that it is told', () => {
    const first = envelop(resolved(), { source: 'test' });
    const second = envelop(resolved(), { source: 'test' });
    expect(first.id).not.toBe(second.id);
    expect(envelop(resolved(), { source: 'test', id: first.id }).id).toBe(first.id);
  });

  it('sends nothing that its receiver would refuse', () => {
    expect(() => envelop(resolved({ pod: 'Shop' }), { source: 'test' })).toThrow(invalid('pod:'));
    expect(() => envelop({ pod: 'shop' }, { source: 'test' })).toThrow('Object is not a declared message');
  });

  it('hands on the trace that it is told, for spans are made by those who trace', () => {
    expect(envelop(resolved(), { source: 'test', traceparent: parent }).traceparent).toBe(parent);
    expect(envelop(resolved(), { source: 'test', traceparent: 'nonsense' }).traceparent).toMatch(TRACEPARENT);
  });

  it('makes a span of its own where it is asked for one', () => {
    const traceparent = childTraceparent(parent);
    expect(traceparent).toMatch(TRACEPARENT);
    expect(traceparent.slice(3, 35)).toBe(parent.slice(3, 35));
    expect(traceparent.slice(36, 52)).not.toBe(parent.slice(36, 52));
  });

  it.each([undefined, '', 'nonsense', parent.toUpperCase(), `${parent}-00`])(
    'begins a trace when the parent is %j',
    (wrong) => {
      const [one, other] = [childTraceparent(wrong), childTraceparent(wrong)];
      expect(one).toMatch(TRACEPARENT);
      expect(one.slice(3, 35)).not.toBe(other.slice(3, 35));
    },
  );
});

describe('parseMessage', () => {
  const text = JSON.stringify(sent());

  it.each([
    ['text', text],
    ['bytes', new TextEncoder().encode(text)],
    ['an object', JSON.parse(text) as object],
  ])('reads %s', (_, message) => {
    const { payload, definition, envelope } = parseMessage(message);
    expect(definition.name).toBe('PodResolved');
    expect(payload).toBeInstanceOf(PodResolved);
    expect(payload).toEqual(resolved());
    expect(envelope.data).toBe(payload);
  });

  it.each([
    ['no JSON', '{"id":', 'not JSON'],
    ['nothing', '', 'not JSON'],
    ['wrong UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'not JSON'],
    ['a list', '[]', 'an object is required'],
    ['null', 'null', 'an object is required'],
    ['a number', '12', 'an object is required'],
    ['a list of messages', [sent()], 'an object is required'],
    ['an endless depth', `{"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'levels deep'],
  ])('refuses %s', (_, message, problem) => {
    expect(() => parseMessage(message as string)).toThrow(invalid(problem));
  });

  it.each([
    ['specversion', '0.3'],
    ['id', 'x'.repeat(26)],
    ['id', undefined],
    ['source', 's'.repeat(201)],
    ['type', `io.podway.${'x'.repeat(200)}`],
    ['subject', 's'.repeat(201)],
    ['time', 'yesterday'],
    ['time', '2026-02-30T00:00:00Z'],
    ['time', `2026-02-03T00:00:00.${'0'.repeat(1_000)}Z`],
    ['datacontenttype', 'text/xml'],
    ['traceparent', `${parent}${'0'.repeat(1_000)}`],
    ['deploymentid', '1'],
    ['sequence', '1'.repeat(20)],
    ['sequence', 7],
    ['data', 'text'],
    ['data', null],
  ])('refuses an envelope whose %s is %j', (property, value) => {
    expect(() => parseMessage(sent({ [property]: value }))).toThrow(invalid(`${property}:`));
  });

  it.each([
    ['a missing property', { pod: undefined }, 'pod: is missing'],
    ['a wrong form', { attempt: '1' }, 'attempt:'],
    ['an oversized name', { pod: 'p'.repeat(64) }, 'pod:'],
  ])('refuses a payload with %s', (_, changes, problem) => {
    const data = { ...resolved(), ...changes };
    expect(() => parseMessage(sent({ data }))).toThrow(invalid(problem));
  });

  it('refuses oversized text in a payload', () => {
    const progress = { deploymentId, step: 'Installing', attempt: 1, message: 'x'.repeat(1_001) };
    const message = sent({ type: 'io.podway.step.progressed.v1', data: progress });
    expect(() => parseMessage(message)).toThrow(invalid('message: must be shorter'));
    progress.message = 'x'.repeat(1_000);
    expect(parseMessage(message).payload).toBeInstanceOf(StepProgressed);
  });

  it('tells a type that it does not know from a wrong form', () => {
    const message = sent({ type: 'io.podway.pod.resolved.v2' });
    expect(() => parseMessage(message)).toThrow(
      expect.objectContaining({ code: 'MESSAGE.UNKNOWN_TYPE', retryable: false }) as Error,
    );
  });

  it('drops what a newer writer adds, in the envelope and in the payload', () => {
    const { envelope, payload } = parseMessage(
      sent({ partitionkey: 'x', data: { ...resolved(), colour: 'red' } }),
    );
    expect(envelope).not.toHaveProperty('partitionkey');
    expect(payload).toEqual(resolved());
  });

  it('is not led astray by names of JavaScript', () => {
    const message = JSON.stringify(sent()).replace('"pod"', '"__proto__":{"pod":"other"},"toString":2,"pod"');
    expect(parseMessage(message).payload).toEqual(resolved());
    expect(({} as { pod?: string }).pod).toBeUndefined();
    for (const data of [{ ...resolved(), constructor: 1 }, { more: [{ constructor: { prototype: {} } }] }]) {
      expect(() => parseMessage(sent({ data }))).toThrow(invalid('cannot be called constructor'));
    }
  });
});

describe('validated', () => {
  it('refuses unknown properties of people, and drops those of messages', () => {
    const plain = { ...resolved(), colour: 'red' };
    expect(validated(PodResolved, plain)).toEqual(resolved());
    expect(() => validated(PodResolved, plain, { strict: true })).toThrow(
      'PodResolved is not valid: colour: is not known here',
    );
  });

  it('tells every problem, each once, with its place', () => {
    const plain = { ...resolved(), pod: 'Shop', attempt: 0 };
    expect(() => validated(PodResolved, plain, { subject: 'The answer' })).toThrow(
      expect.objectContaining({
        subject: 'The answer',
        problems: [expect.stringMatching(/^pod: must match /) as string, 'attempt: must not be less than 1'],
      }) as Error,
    );
  });

  it('leaves the data of the caller as they were', () => {
    const message: Envelope = envelop(resolved(), { source: 'test' });
    const before = structuredClone(JSON.parse(JSON.stringify(message)) as object);
    parseMessage(message);
    expect(JSON.parse(JSON.stringify(message))).toEqual(before);
  });
});
