import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allMessages, envelop, parseMessage } from './index.js';

const folder = new URL('../fixtures/', import.meta.url);
const DIGESTS = 'digests.json';

const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const names = readdirSync(folder).filter((name) => name !== DIGESTS);
const digests = JSON.parse(read(DIGESTS)) as Record<string, string>;
const types = allMessages().map(({ type }) => type);

describe('fixtures of the messages', () => {
  it('there is one for each declared message, and no other', () => {
    expect(names.toSorted()).toEqual(types.map((type) => `${type}.json`).toSorted());
  });

  it('a digest is written down for each, and for no other', () => {
    expect(Object.keys(digests).toSorted()).toEqual(names.toSorted());
  });

  describe.each(names)('%s', (name) => {
    const text = read(name);
    const plain = JSON.parse(text) as { type: string; id: string; time: string; data: object };

    it('has not changed since it was written down', () => {
      const digest = createHash('sha256').update(text).digest('hex');
      expect(
        digest,
        `${name} has changed. A message that was once sent must be read for ever: a breaking change is a new ` +
          `version of the message (.v2) with a fixture of its own. Put this file back as it was.`,
      ).toBe(digests[name]);
    });

    it('is a message of its type', () => {
      const { definition, envelope, payload } = parseMessage(text);
      expect(`${definition.type}.json`).toBe(name);
      expect(payload).toBeInstanceOf(definition.payload);
      expect(JSON.parse(JSON.stringify(envelope))).toEqual(plain);
    });

    it('comes back from reading and sending as it was', () => {
      const { payload } = parseMessage(new TextEncoder().encode(text));
      const { id, time, type, data } = envelop(payload, {
        source: 'test',
        id: plain.id,
        time: new Date(plain.time),
      });
      expect(JSON.parse(JSON.stringify({ id, time, type, data }))).toEqual({
        id: plain.id,
        time: plain.time,
        type: plain.type,
        data: plain.data,
      });
    });
  });
});
