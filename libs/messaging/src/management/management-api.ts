import { BrokerManagementError } from '../messaging.errors.js';

const timeoutMs = 10_000;

/** What one call to the management API says. */
export interface ManagementCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Parts of the path behind `/api`, each escaped here. */
  readonly path: readonly string[];
  readonly json?: object;
  /** What is not there is no error: the answer is undefined. */
  readonly maybeMissing?: boolean;
}

/** RabbitMQ's management HTTP API. https://www.rabbitmq.com/docs/management#http-api */
export class ManagementApi {
  private readonly origin: string;
  private readonly authorization: string;

  /** `url`: `http://user:password@host:15672`; the user has the tag `administrator`. */
  constructor(url: string) {
    const { origin, pathname, username, password } = new URL(url);
    this.origin = origin + pathname.replace(/\/+$/, '');
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  /** The JSON of the answer, where it has one. @throws BrokerManagementError */
  async call<T>({ method, path, json, maybeMissing = false }: ManagementCall): Promise<T | undefined> {
    const place = `/api/${path.map(encodeURIComponent).join('/')}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.origin + place, {
        method,
        headers: { authorization: this.authorization, 'content-type': 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      text = await response.text();
    } catch (error) {
      throw new BrokerManagementError(`${method} ${place} was not answered`, error);
    }
    if (response.status === 404 && maybeMissing) return undefined;
    if (!response.ok) throw new BrokerManagementError(`${method} ${place} was answered ${response.status}`);
    return text === '' ? undefined : (JSON.parse(text) as T);
  }
}
