import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export interface ScriptedServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Answers to the next requests, in order; the last one is used for all that follow. */
  script(...answers: Answer[]): void;
  close(): Promise<void>;
}

/** An HTTP server that does what the test says. */
export async function scriptedServer(): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  let answers: Answer[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: await buffer(request) };
      asked.push(one);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      await answer?.(response, one);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    script(...next) {
      answers = next;
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

export function problem(status: number, code: string, rest: object = {}): Answer {
  const body = { type: 'x', title: 't', status, code, detail: `${code} happened`, instance: '/x', ...rest };
  return json(status, body, { 'content-type': 'application/problem+json; charset=utf-8' });
}

/** Breaks the connection without an answer. */
export const hangUp: Answer = (response) => void response.destroy();

/** Writes the text as an event stream; then ends, breaks or holds the connection. */
export function eventStream(text: string, then: 'end' | 'break' | 'hold' = 'end'): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => {
      if (then === 'end') response.end();
      if (then === 'break') response.destroy();
    });
  };
}
