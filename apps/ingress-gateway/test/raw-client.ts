import { connect, type Socket } from 'node:net';

/** A client that says exactly what it is told to. */
export interface RawClient {
  readonly socket: Socket;
  /** All that has come so far, as latin1. */
  readonly heard: string;
  readonly isClosed: boolean;
  say(text: string | Buffer): void;
  /** Resolves with all that came, when the other side has ended the connection. */
  closed(): Promise<string>;
  /** Resolves with all that came, when it holds `text`. */
  hears(text: string): Promise<string>;
}

export function rawClient(port: number, from = '127.0.0.1'): RawClient {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  return rawClientOn(socket);
}

export function rawClientOn(socket: Socket): RawClient {
  let heard = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  const when = (event: 'data' | 'close', isSo: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (isSo()) resolve(heard);
        else if (isClosed) reject(new Error(`the connection was closed after: ${heard.slice(0, 500)}`));
      };
      look();
      socket.on(event, look).on('close', look);
    });
  return {
    socket,
    get heard() {
      return heard;
    },
    get isClosed() {
      return isClosed;
    },
    say: (text) => void socket.write(text),
    closed: () => when('close', () => isClosed),
    hears: (text) => when('data', () => heard.includes(text)),
  };
}
