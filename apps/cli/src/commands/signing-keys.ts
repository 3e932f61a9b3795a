import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { NewSigningKeyRequest, SigningKeyView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { InvalidFileError } from '../cli.errors.js';

interface NewKeyOptions {
  client: string;
  note?: string;
  expires?: string;
}

function withKeyOptions(command: Command): Command {
  return command
    .requiredOption('--client <client>', 'whose updates it signs')
    .option('--note <text>', 'what it is for')
    .option('--expires <time>', 'when it ends: 2030-01-31T00:00:00Z');
}

export function describeSigningKeysCreate(command: Command): Command {
  return withKeyOptions(command)
    .description('Make a pair of signing keys on this machine; only the public one leaves it')
    .requiredOption('--out <file>', 'new file for the private key, readable by its owner only');
}

export async function signingKeysCreate(
  context: CommandContext<NewKeyOptions & { out: string }>,
): Promise<void> {
  const { options, surroundings, printer } = context;
  const podway = await context.podway();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const file = resolve(surroundings.cwd, options.out);
  // First the file: a key that is known to Podway and to nobody else would be of no use.
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    throw new InvalidFileError(options.out, [`it cannot be made new: ${String(cause)}`], cause);
  });
  try {
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const made = await podway.createSigningKey(asked(options, pem)).catch(async (error: unknown) => {
    await rm(file);
    throw error;
  });
  printer.note(`The private key is in ${options.out}. Keep it: it is nowhere else.`);
  printer.result(made, () => [made.id]);
}

export function describeSigningKeysAdd(command: Command): Command {
  return withKeyOptions(command)
    .description('Let an Ed25519 key that is there already sign updates')
    .argument('<file>', 'its public part in PEM');
}

export async function signingKeysAdd(context: CommandContext<NewKeyOptions>, name: string): Promise<void> {
  const text = await readText(context, name);
  // A private key must not go out, not even to Podway.
  if (text.includes('PRIVATE KEY')) {
    throw new InvalidFileError(name, ['it holds a private key: give the public part (openssl pkey -pubout)']);
  }
  const podway = await context.podway();
  const made = await podway.createSigningKey(asked(context.options, text));
  context.printer.result(made, () => [made.id]);
}

export function describeSigningKeysList(command: Command): Command {
  return command.description('The signing keys that you may see');
}

export async function signingKeysList(context: CommandContext<object>): Promise<void> {
  const podway = await context.podway();
  const keys = await podway.signingKeys();
  const rows = keys.map((key) => [key.id.slice(0, 16), key.client, stateOf(key), key.note ?? '']);
  const { printer } = context;
  printer.result({ signingKeys: keys }, () =>
    printer.table(['ID', 'CLIENT', 'STATE', 'NOTE'], rows, 'No signing keys.'),
  );
}

export function describeSigningKeysRevoke(command: Command): Command {
  return command
    .description('Revoke a signing key at once')
    .argument('<id>', 'its id, or the beginning of it');
}

export async function signingKeysRevoke(context: CommandContext<object>, said: string): Promise<void> {
  const podway = await context.podway();
  const known = said.length < 64 ? await podway.signingKeys() : [];
  const meant = known.filter(({ id, revokedAt }) => id.startsWith(said) && revokedAt === undefined);
  const id = meant.length === 1 && meant[0] ? meant[0].id : said;
  await context.confirm(`Revoke signing key ${id} for ever?`);
  await podway.revokeSigningKey(id);
  context.printer.result({ id, revoked: true }, () => [`Signing key ${id} is revoked.`]);
}

/** The private key in a file, for signing. */
export async function privateSigningKey(
  context: Pick<CommandContext<object>, 'surroundings'>,
  name: string,
): Promise<ReturnType<typeof createPrivateKey>> {
  const text = await readText(context, name);
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new InvalidFileError(name, ['it holds no private key in PEM without a passphrase'], cause);
  }
  throw new InvalidFileError(name, ['the key must be Ed25519: `podway signing-keys create` makes one']);
}

function asked({ client, note, expires }: NewKeyOptions, publicKey: string): NewSigningKeyRequest {
  return {
    client,
    publicKey: createPublicKeyText(publicKey),
    ...(note === undefined ? {} : { note }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  };
}

/** In its plain form where it can be read; else as it is, for Podway to say what is wrong. */
function createPublicKeyText(pem: string): string {
  try {
    return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    return pem;
  }
}

async function readText(
  { surroundings }: Pick<CommandContext<object>, 'surroundings'>,
  name: string,
): Promise<string> {
  return readFile(resolve(surroundings.cwd, name), 'utf8').catch((cause: unknown) => {
    throw new InvalidFileError(name, ['it cannot be read'], cause);
  });
}

function stateOf({ revokedAt, expiresAt }: SigningKeyView): string {
  if (revokedAt !== undefined) return 'revoked';
  if (expiresAt === undefined) return 'in force';
  return Date.parse(expiresAt) > Date.now() ? `until ${expiresAt.slice(0, 10)}` : 'expired';
}
