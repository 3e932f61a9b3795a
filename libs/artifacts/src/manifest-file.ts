import { BundleManifest, InvalidInputError, NAME, validated } from '@podway/contracts';
import { parseDocument } from 'yaml';
import { BundleRefusedError } from './bundle.errors.js';

export const MANIFEST_NAME = 'podway.yaml';

/** Parses `podway.yaml` (YAML 1.2 core, one document, no aliases, no tags). Throws BUNDLE.MANIFEST_INVALID. */
export function parseManifest(text: string): BundleManifest {
  const plain = plainYaml(text);
  try {
    return validated(BundleManifest, plain, { strict: true, subject: MANIFEST_NAME });
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { problems } = error;
    throw invalid(problems.join('; '), problems, error);
  }
}

/** What a bundle without a `podway.yaml` means: all its files, laid out as they are. */
export function defaultManifest(name: string, version: string): BundleManifest {
  return validated(BundleManifest, {
    apiVersion: 'podway/v1',
    name: NAME.test(name) ? name : 'content',
    version,
    components: [{ name: 'content', installer: 'archive' }],
  });
}

function plainYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true, merge: false });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw invalid((error as Error).message.split('\n')[0] ?? '', [], error);
  }
}

function invalid(reason: string, problems: readonly string[], cause: unknown): BundleRefusedError {
  return new BundleRefusedError('MANIFEST_INVALID', { reason, details: { problems }, cause });
}
