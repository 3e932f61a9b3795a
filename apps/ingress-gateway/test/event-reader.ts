import { request as httpRequest, type IncomingMessage } from 'node:http';

/** Somebody who reads the event stream. */
export interface EventReader {
  readonly text: () => string;
  /** Subjects of the events, `<client>/<pod>`, in order of arrival. */
  readonly subjects: () => string[];
  readonly ended: Promise<void>;
  leave(): void;
}

/** Begins to read; resolves once the stream has begun. */
export async function eventReader(api: string, key: string, query = ''): Promise<EventReader> {
  const outgoing = httpRequest(`${api}/v1/events${query}`, { headers: { authorization: `Bearer ${key}` } });
  outgoing.on('error', () => undefined).end();
  const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
  let text = '';
  response
    .setEncoding('utf8')
    .on('data', (part: string) => (text += part))
    .on('error', () => undefined);
  await new Promise<void>((resolve) => response.once('data', () => resolve()));
  return {
    text: () => text,
    subjects: () =>
      [...text.matchAll(/^data: (.*)$/gm)].map(
        ([, data = '']) => (JSON.parse(data) as { subject: string }).subject,
      ),
    ended: new Promise((resolve) => response.on('close', () => resolve())),
    leave: () => outgoing.destroy(),
  };
}
