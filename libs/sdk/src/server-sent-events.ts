/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** `message` unless the stream says otherwise. */
  readonly type: string;
  /** Empty when only the cursor was told. */
  readonly data: string;
  /** The last id that the stream has told so far. */
  readonly id?: string;
  /** Milliseconds to wait before connecting again, when the stream has told so. */
  readonly retryMs?: number;
}

/**
 * Reads a stream of server-sent events.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* serverSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const block = new EventBlock();
  for await (const line of linesOf(chunks)) {
    if (line !== '') block.add(line);
    else if (block.begun) yield block.take();
  }
}

/** Lines end with CR, LF or both. A last line without an end is no line. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

class EventBlock {
  private data: string[] = [];
  private type = '';
  private id: string | undefined;
  private retryMs: number | undefined;
  begun = false;

  add(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.begun = true;
    if (field === 'data') this.data.push(value);
    if (field === 'event') this.type = value;
    if (field === 'id' && !value.includes('\0')) this.id = value;
    if (field === 'retry' && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  take(): ServerSentEvent {
    const event = {
      type: this.type === '' ? 'message' : this.type,
      data: this.data.join('\n'),
      ...(this.id === undefined ? {} : { id: this.id }),
      ...(this.retryMs === undefined ? {} : { retryMs: this.retryMs }),
    };
    this.data = [];
    this.type = '';
    this.begun = false;
    return event;
  }
}
