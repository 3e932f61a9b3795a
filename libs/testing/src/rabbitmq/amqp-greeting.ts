import { connect } from 'node:net';

/** Whether the server answers the AMQP 0-9-1 header with a method frame (Connection.Start). It listens only once it has booted. */
export function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('connect', () => socket.write(Buffer.from('AMQP\u0000\u0000\u0009\u0001', 'latin1')));
    socket.once('data', (frame: Buffer) => settle(frame[0] === 1));
  });
}
