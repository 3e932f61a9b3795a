import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import {
  UpdateStatement,
  validated,
  type PodSigningView,
  type SignedArtifact,
  type SignedRelease,
} from '@podway/contracts';
import { signatureHeader, signStatement } from '@podway/contracts/signatures';
import type { Podway } from '@podway/sdk';
import { UsageError } from './cli.errors.js';
import type { CommandContext } from './cli-context.js';
import { privateSigningKey } from './commands/signing-keys.js';
import { durationMs, sequence } from './settings/duration.js';

/** Options of commands that can sign what they send. */
export interface SigningOptions {
  sign?: string;
  expires?: number;
  sequence?: number;
}

const EXPIRES_MS = 3_600_000;

export function withSigning(command: Command): Command {
  return command
    .option('--sign <file>', 'sign it with this private key')
    .option('--expires <time>', 'how long the signature is worth something (default: 1h)', durationMs)
    .option('--sequence <number>', 'of the signed update (default: the last accepted and 1)', sequence);
}

/** The signature for an update of these PODs, as a header; undefined when none was asked for. */
export async function signatureFor(
  context: CommandContext<SigningOptions>,
  podway: Podway,
  pods: readonly string[] | undefined,
  content: () => Promise<{ artifact: SignedArtifact } | { release: SignedRelease }>,
): Promise<string | undefined> {
  const { sign, expires = EXPIRES_MS, sequence: said } = context.options;
  if (sign === undefined) {
    const vain = context.options.expires !== undefined || said !== undefined;
    if (vain) throw new UsageError('--expires and --sequence are for --sign');
    return undefined;
  }
  if (!pods?.length) throw new UsageError('--sign needs --pod: the POD is part of what is signed');
  const key = await privateSigningKey(context, sign);
  const known: PodSigningView[] = [];
  for (const pod of pods) known.push(await podway.podSigning(pod));
  const statement = validated(UpdateStatement, {
    client: known[0]?.client,
    pods: known.map(({ pod }) => pod),
    sequence: said ?? Math.max(...known.map((one) => one.sequence)) + 1,
    expiresAt: new Date(Date.now() + expires).toISOString(),
    ...(await content()),
  });
  return signatureHeader(signStatement(statement, key));
}

/** Digest and size of what a stream gives. */
export async function artifactOf(stream: ReadableStream<Uint8Array>): Promise<{ artifact: SignedArtifact }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { artifact: { sha256: hash.digest('hex'), bytes } };
}
