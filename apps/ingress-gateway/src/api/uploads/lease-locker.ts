import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server';
import type { UploadLeases } from '@podway/persistence';

/** Without a sign of life a gateway loses an upload after this time. */
const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 1_000;
const TRY_EVERY_MS = 100;
/** How long a request waits for one that is cut off but does not know it yet. */
const LONGEST_WAIT_MS = 20_000;

/** One request at a time writes to an upload, whichever gateway it reached. */
export class LeaseLocker implements Locker {
  constructor(private readonly leases: UploadLeases) {}

  newLock(id: string): Lock {
    return new LeaseLock(this.leases, id);
  }
}

class LeaseLock implements Lock {
  private readonly holder = randomUUID();
  private renewing: NodeJS.Timeout | undefined;

  constructor(
    private readonly leases: UploadLeases,
    private readonly id: string,
  ) {}

  async lock(signal: AbortSignal, letGo: RequestRelease): Promise<void> {
    const giveUp = Date.now() + LONGEST_WAIT_MS;
    while (!(await this.leases.take(this.id, this.holder, LEASE_MS))) {
      if (signal.aborted || Date.now() > giveUp) throw ERRORS.ERR_LOCK_TIMEOUT;
      await sleep(TRY_EVERY_MS);
    }
    this.renewing = setInterval(() => {
      this.leases.renew(this.id, this.holder, LEASE_MS).then(
        (state) => state === 'held' || letGo(),
        () => undefined,
      );
    }, RENEW_EVERY_MS);
  }

  async unlock(): Promise<void> {
    clearInterval(this.renewing);
    await this.leases.release(this.id, this.holder);
  }
}
