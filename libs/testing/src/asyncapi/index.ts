import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface AsyncApi {
  components: { messages: Record<string, { name: string }> };
}

const file = new URL('../../../../docs/generated/asyncapi.json', import.meta.url);
let byType: Map<string, ValidateFunction> | undefined;

/** Validators of all messages of the committed AsyncAPI document, by their CloudEvents type. */
function validators(): Map<string, ValidateFunction> {
  if (byType) return byType;
  const document = JSON.parse(readFileSync(file, 'utf8')) as AsyncApi;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'asyncapi');
  byType = new Map(
    Object.entries(document.components.messages).map(([key, { name }]) => {
      const validate = ajv.getSchema(`asyncapi#/components/messages/${key}/payload`);
      if (!validate) throw new Error(`The message ${name} has no payload`);
      return [name, validate];
    }),
  );
  return byType;
}

/** In what a message differs from the committed AsyncAPI document; empty when in nothing. */
export function asyncApiProblems(message: unknown): string[] {
  const { type } = message as { type?: string };
  const validate = validators().get(type ?? '');
  if (!validate) return [`${type}: no such message`];
  if (validate(message)) return [];
  return (validate.errors ?? []).map(({ instancePath, message: what }) => `${type}: ${instancePath} ${what}`);
}
