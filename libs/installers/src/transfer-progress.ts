import { pipeline, Transform, type Readable } from 'node:stream';
import type { StepContext } from '@podway/state';

const EVERY_MS = 2_000;
const MIB = 1024 * 1024;

/** Passes a stream on and tells now and then how much of it went, so that a long transfer does not look dead. */
export function tellProgress(stream: Readable, what: string, context: StepContext, server: string): Readable {
  let bytes = 0;
  let toldAt = Date.now();
  const counting = new Transform({
    highWaterMark: MIB,
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      if (Date.now() - toldAt >= EVERY_MS) {
        toldAt = Date.now();
        context.progress(`${what}: ${Math.round(bytes / MIB)} MiB sent`, { server });
      }
      done(null, chunk);
    },
  });
  return pipeline(stream, counting, () => undefined);
}
