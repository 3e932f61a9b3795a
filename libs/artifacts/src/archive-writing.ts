/** What tar-stream's streams have of a writable; they are of another kind than Node's. */
interface ArchiveSink {
  readonly destroying: boolean;
  write(chunk: unknown): boolean;
  end(chunk: unknown): unknown;
  destroy(error: Error): void;
  on(event: 'drain' | 'close', listener: () => void): this;
  off(event: 'drain' | 'close', listener: () => void): this;
}

/** Writes all chunks, no faster than the sink takes them, and ends it. Stops quietly when the sink was destroyed. */
export async function writeInto(sink: ArchiveSink, chunks: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (sink.destroying) return;
      if (!sink.write(chunk)) await drained(sink);
    }
    sink.end(undefined);
  } catch (error) {
    sink.destroy(error as Error);
    throw error;
  }
}

function drained(sink: ArchiveSink): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      sink.off('drain', settle).off('close', settle);
      resolve();
    };
    sink.on('drain', settle).on('close', settle);
    if (sink.destroying) settle();
  });
}
