import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { PodSpec, ServerSpec } from '@podway/contracts';
import type { SshServers } from '@podway/testing/ssh-servers';
import type { Place } from './place.js';

interface PodsDocument {
  apiVersion: string;
  pods: PodSpec[];
  resources?: object[];
}

/** Writes the `pods.yaml` that the commands of pages apply. */
export async function writePods(place: Place, pods: PodSpec[], resources: object[] = []): Promise<void> {
  const document: PodsDocument = { apiVersion: 'podway/v1', pods };
  await write(place, resources.length > 0 ? { ...document, resources } : document);
}

/**
 * Puts the POD `site` of a page into `pods.yaml`, as the page describes it. Only where its servers are is not the page's
 * own: addresses and keys stand for those of the reader's servers.
 */
export async function describedBy(yaml: string, place: Place, servers: SshServers): Promise<void> {
  const shown = (parse(yaml) as Partial<PodsDocument>).pods?.find(({ name }) => name === 'site');
  if (shown === undefined) return;
  const pod = {
    ...shown,
    servers: shown.servers.map((server, index) => standingFor(server, servers.at(index).spec())),
  };
  const document = parse(await readFile(fileOf(place), 'utf8')) as PodsDocument;
  await write(place, { ...document, pods: [...document.pods.filter(({ name }) => name !== 'site'), pod] });
}

function standingFor(shown: ServerSpec, real: ServerSpec): ServerSpec {
  return { ...shown, ...real, name: shown.name };
}

const fileOf = (place: Place): string => join(place.work, 'pods.yaml');
const write = (place: Place, document: PodsDocument): Promise<void> =>
  writeFile(fileOf(place), stringify(document));
