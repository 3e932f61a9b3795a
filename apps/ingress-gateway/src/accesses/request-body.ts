import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { AccessFault } from './access-page.js';

/** A body that the user did not send as it should be. */
export class BodyFaultError extends Error {
  constructor(readonly fault: AccessFault) {
    super(fault);
  }
}

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Longest wait for the next part. */
  readonly bodyIdleMs: number;
}

/**
 * The body of an access on its way to a server: never kept, bounded in size and time. Nothing is read of it before the
 * server wants it, so that another server can have it when this one was never reached.
 */
export class RequestBody extends Readable {
  private received = 0;
  private begun = false;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly limits: BodyLimits,
  ) {
    super();
  }

  /** Whether some of it was read: it cannot be sent a second time. */
  get isBegun(): boolean {
    return this.begun;
  }

  override _read(): void {
    if (!this.begun) this.begin();
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.fail('ACCESS.REQUEST_TIMEOUT'), this.limits.bodyIdleMs);
    this.request.resume();
  }

  // Only this one: the user still gets an answer on the connection.
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.idle);
    this.request.off('data', this.receive).off('end', this.finish).off('close', this.cut).pause();
    done(error);
  }

  private begin(): void {
    this.begun = true;
    const { headers, httpVersion } = this.request;
    const waits = headers.expect !== undefined && httpVersion === '1.1';
    if (waits && !this.response.headersSent) this.response.writeContinue();
    this.request.on('data', this.receive).once('end', this.finish).once('close', this.cut);
  }

  private readonly receive = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.limits.maxBodyBytes) return this.fail('ACCESS.TOO_LARGE');
    this.idle?.refresh();
    if (this.push(chunk)) return;
    // Now it is the server that is waited for.
    clearTimeout(this.idle);
    this.request.pause();
  };

  private readonly finish = (): void => {
    clearTimeout(this.idle);
    this.push(null);
  };

  private readonly cut = (): void => {
    if (!this.request.readableEnded) this.destroy(new Error('the user went away'));
  };

  private fail(fault: AccessFault): void {
    this.destroy(new BodyFaultError(fault));
  }
}
