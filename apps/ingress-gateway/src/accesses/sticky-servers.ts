import { createHmac } from 'node:crypto';
import type { AccessPolicy } from './access-policy.js';
import type { RoutedServer } from './route-table.js';

/** Without a key of the operator's. The same everywhere, so that gateways agree after a restart too. */
const NO_KEY = 'podway';
/** Of a digest in base64url: 96 bits. */
const ID_LENGTH = 16;

type Sticky = NonNullable<AccessPolicy['sticky']>;

/** Names servers in visitors' cookies, so that the cookie does not tell their names. */
export class StickyServers {
  private readonly ids = new Map<string, string>();

  constructor(private readonly key: string = NO_KEY) {}

  /** The one of `servers` that the visitor's cookie names. */
  named(
    cookies: string | undefined,
    { cookie }: Sticky,
    servers: readonly RoutedServer[],
  ): RoutedServer | undefined {
    const id = cookieValue(cookies, cookie);
    return id === undefined ? undefined : servers.find((server) => this.idOf(server.key) === id);
  }

  /** A Set-Cookie header (RFC 6265, 4.1), unless the visitor has that cookie already. */
  setCookie(
    cookies: string | undefined,
    { cookie, maxAgeSeconds }: Sticky,
    server: RoutedServer,
    secure: boolean,
  ): string | undefined {
    const id = this.idOf(server.key);
    if (cookieValue(cookies, cookie) === id) return undefined;
    return [
      `${cookie}=${id}`,
      'Path=/',
      ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
      'HttpOnly',
      'SameSite=Lax',
      ...(secure ? ['Secure'] : []),
    ].join('; ');
  }

  private idOf(key: string): string {
    let id = this.ids.get(key);
    if (id === undefined) {
      id = createHmac('sha256', this.key).update(key).digest('base64url').slice(0, ID_LENGTH);
      this.ids.set(key, id);
    }
    return id;
  }
}

function cookieValue(cookies: string | undefined, name: string): string | undefined {
  for (const pair of (cookies ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
