import { dirname } from 'node:path/posix';
import type { Readable } from 'node:stream';
import type { Component } from '@podway/contracts';
import { ArchiveFailedError, InstallDiskFullError } from './installer.errors.js';
import type { InstallRequest } from './installer.js';

/** Longest time to unpack one component: 1 hour. */
const UNPACK_TIMEOUT_MS = 3_600_000;
const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const DISK_FULL = 19;

/** Runs one of the fixed stage scripts for a component. Rejects INSTALL.DISK_FULL, INSTALL.ARCHIVE_FAILED and HOST.*. */
export async function runInStage(
  { target, stageDir, context }: InstallRequest,
  component: Component,
  script: string,
  stdin?: string | Readable,
  ...more: readonly string[]
): Promise<string> {
  const { session } = target;
  const argv = [
    'sh',
    '-c',
    script,
    'podway-install',
    dirname(stageDir),
    component.name,
    component.to ?? '',
    ...more,
  ];
  const { code, stdout, stderr } = await session.exec(argv, {
    stdin,
    signal: context.signal,
    timeoutMs: UNPACK_TIMEOUT_MS,
    maxOutputBytes: MAX_LISTING_BYTES,
  });
  if (code === 0) return stdout;
  const where = { server: session.server, component: component.name };
  if (code === DISK_FULL) throw new InstallDiskFullError(where);
  throw new ArchiveFailedError(where, stderr.trim().slice(-2000) || `exit code ${code}`);
}
