import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { allMessages } from '@podway/contracts';
import { asyncApiProblems } from '@podway/testing/asyncapi';
import { asyncApiDocument } from './asyncapi-document.mjs';
import { formatted } from './generated-file.mjs';

const path = 'docs/generated/asyncapi.json';
const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL(path, root), 'utf8');
const document = JSON.parse(text) as {
  channels: Record<string, { messages?: object }>;
  components: { messages: Record<string, { name: string }>; schemas: object };
};

it('is what the sources say', async () => {
  expect(await readFile(new URL(path, root), 'utf8')).toBe(await formatted(path, await asyncApiDocument()));
});

it('is a document of AsyncAPI 3.0', () => {
  // Its schema brings that of JSON Schema along, which Ajv has already.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  addFormats.default(ajv);
  const validate = ajv.compile(specs.schemas['3.0.0'] as object);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  expect(validate({ ...document, channels: { events: { address: 1 } } })).toBe(false);
});

it('has every message, each in a channel, and no reference into nothing', () => {
  const names = Object.values(document.components.messages).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(allMessages().map(({ type }) => type)));
  const inChannels = new Set(
    Object.values(document.channels).flatMap((one) => Object.keys(one.messages ?? {})),
  );
  expect([...inChannels].sort()).toEqual(Object.keys(document.components.messages).sort());
  for (const [, pointer = ''] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    const target = pointer
      .split('/')
      .reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
    expect(target, pointer).toBeDefined();
  }
});

describe('takes every fixture', () => {
  const folder = new URL('libs/contracts/fixtures/', root);
  const names = readdirSync(folder).filter((name) => name.startsWith('io.podway.'));

  it.each(names)('%s, and none that is broken', (name) => {
    const message = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, unknown>;
    expect(asyncApiProblems(message)).toEqual([]);
    const [first = ''] = Object.keys(message.data as object);
    for (const broken of [
      { ...message, id: 'x' },
      { ...message, data: { ...(message.data as object), [first]: {} } },
      { ...message, data: [] },
    ])
      expect(asyncApiProblems(broken)).not.toEqual([]);
  });
});
