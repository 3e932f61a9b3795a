import { type Envelope, envelop, SnapshotTaken, TakeSnapshot } from '@podway/contracts';

const deploymentId = '01JZZZZZZZZZZZZZZZZZZZZZZZ';
const step = { deploymentId, attempt: 1 };

/** A valid TakeSnapshot for the given canary. */
export function takeSnapshot(canary = 'web-1'): Envelope<TakeSnapshot> {
  const payload = Object.assign(new TakeSnapshot(), {
    ...step,
    step: 'Snapshotting',
    deadline: '2030-01-01T00:00:00.000Z',
    client: 'acme',
    pod: 'shop',
    podRevision: 1,
    fencingToken: 7,
    canary,
  });
  return envelop(payload, { source: 'saga-coordinator', subject: 'acme/shop' });
}

/** A valid SnapshotTaken. */
export function snapshotTaken(): Envelope<SnapshotTaken> {
  const payload = Object.assign(new SnapshotTaken(), {
    ...step,
    step: 'Snapshotting',
    snapshot: { server: 'web-1', fingerprint: 'a'.repeat(64) },
  });
  return envelop(payload, { source: 'snapshotter', subject: 'acme/shop' });
}
