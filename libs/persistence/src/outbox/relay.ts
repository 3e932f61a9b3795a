import { setTimeout as sleep } from 'node:timers/promises';

/** What a relay tells of trouble. The relay itself goes on. */
export type RelayTrouble = (error: unknown) => void;

/**
 * Runs `pass` whenever it is woken, and every `pollMs` as a safety net for wake-ups that were lost.
 * One pass at a time. A pass that throws is reported and made again at the next poll.
 */
export class Relay {
  private stopping = new AbortController();
  private awake = false;
  private signal: (() => void) | undefined;
  private loop: Promise<void> | undefined;

  constructor(
    /** Returns whether it may have left work behind. */
    private readonly pass: () => Promise<boolean>,
    private readonly onTrouble: RelayTrouble,
    private readonly pollMs = 1_000,
  ) {}

  start(): void {
    this.loop ??= this.run();
  }

  wake(): void {
    this.awake = true;
    this.signal?.();
  }

  /** Waits for the pass under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.signal?.();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.awake = false;
      let more = false;
      try {
        more = await this.pass();
      } catch (error) {
        this.onTrouble(error);
      }
      if (!more && !this.awake) await this.idle();
    }
  }

  private async idle(): Promise<void> {
    const woken = new AbortController();
    this.signal = () => woken.abort();
    const either = AbortSignal.any([woken.signal, this.stopping.signal]);
    await sleep(this.pollMs, undefined, { signal: either }).catch(() => undefined);
    this.signal = undefined;
  }
}
