import { NAME, SHA256, ULID } from '@podway/contracts';
import { BOOT_ID, DECIMAL, FLAG, NUMBER } from './answer-forms.js';
import type { HostAnswer } from './host-answer.js';
import type { ServerStatus } from './state-driver.js';

/** Reads the answer to `inspect`. */
export function serverStatus(answer: HostAnswer): ServerStatus {
  const number = (word: string, form = NUMBER): number => Number(answer.one(word, form)[0]);
  const watchdog = answer.optional('watchdog', ULID, NUMBER);
  const live = answer.optional('live', ULID);
  return {
    hostVersion: String(answer.one('host', NUMBER)[0]),
    bootId: String(answer.one('boot', BOOT_ID)[0]),
    fencingToken: number('token'),
    ...(live && { liveTreeId: live[0] }),
    trees: answer
      .all('tree', ULID, SHA256, FLAG)
      .map(([id = '', fingerprint = '', verified]) => ({ id, fingerprint, verified: verified === '1' })),
    records: answer
      .all('record', ULID, NAME, SHA256)
      .map(([treeId = '', part = '', fingerprint = '']) => ({ treeId, part, fingerprint })),
    ...(watchdog && { watchdog: { deploymentId: String(watchdog[0]), remainingMs: Number(watchdog[1]) } }),
    restoredByWatchdog: answer.all('restored', ULID).map(([id = '']) => id),
    leftByWatchdog: answer
      .all('left', ULID, NAME)
      .map(([deploymentId = '', part = '']) => ({ deploymentId, part })),
    diskFreeMb: number('disk'),
    load1: number('load', DECIMAL),
    cpus: number('cpus'),
  };
}
