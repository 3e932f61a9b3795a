/** Waits that end early when it is rung; a ring that nobody waits for is kept. */
export class Bell {
  private wasRung = false;
  private wake: (() => void) | undefined;

  constructor(private readonly ended: AbortSignal) {
    ended.addEventListener('abort', () => this.ring(), { once: true });
  }

  ring(): void {
    this.wasRung = true;
    this.wake?.();
  }

  async rung(timeoutMs: number): Promise<void> {
    if (!this.wasRung && !this.ended.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, timeoutMs));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = undefined;
    this.wasRung = false;
  }
}
