import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';

export type TestAlgorithm = 'RS256' | 'ES256' | 'EdDSA' | 'PS256';

interface TestKey {
  readonly kid: string;
  readonly alg: TestAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** How the issuer misbehaves: see {@link TestIssuer.answer}. */
export type TestAnswer =
  'well' | 'status-500' | 'not-json' | 'other-issuer' | 'endless' | 'silent' | 'redirect';

/** A small OIDC issuer, such as CI systems have: discovery, keys and signed tokens, over HTTP on this machine. */
export class TestIssuer {
  /** What it answers from now on. */
  answer: TestAnswer = 'well';
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  private keys: TestKey[] = [];
  private count = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => this.respond(request.url ?? '', response));
  }

  static async start(): Promise<TestIssuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = new TestIssuer(server);
    await issuer.rotate();
    return issuer;
  }

  /** What the tokens' `iss` says. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Signs with a new key from now on. The one before stays known unless `forget`. */
  async rotate(alg: TestAlgorithm = 'RS256', { forget = false } = {}): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${(this.count += 1)}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.keys = [{ kid, alg, privateKey, publicKey, jwk }, ...(forget ? [] : this.keys)];
  }

  /** A token. Claims that are undefined are left out. Times in seconds, relative to now. */
  async token(
    claims: JWTPayload,
    { issuedIn = 0, endsIn = 300 }: { issuedIn?: number; endsIn?: number } = {},
  ): Promise<string> {
    const { kid, alg, privateKey } = this.current;
    return new SignJWT(this.payload(claims, issuedIn, endsIn))
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .sign(privateKey);
  }

  /** A token that somebody else made: with an HMAC whose secret is the issuer's public key, as PEM. */
  async tokenSignedWithPublicKey(claims: JWTPayload): Promise<string> {
    const secret = new TextEncoder().encode(await exportSPKI(this.current.publicKey));
    return new SignJWT(this.payload(claims, 0, 300))
      .setProtectedHeader({ alg: 'HS256', kid: this.current.kid, typ: 'JWT' })
      .sign(secret);
  }

  /** A token that is not signed at all: `alg: none`, with any signature. */
  unsignedToken(claims: JWTPayload, signature: string): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = { alg: 'none', kid: this.current.kid, typ: 'JWT' };
    return `${part(header)}.${part(this.payload(claims, 0, 300))}.${signature}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private get current(): TestKey {
    return this.keys[0] as TestKey;
  }

  private payload(claims: JWTPayload, issuedIn: number, endsIn: number): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now + issuedIn, exp: now + endsIn };
    return JSON.parse(JSON.stringify({ iss: this.url, ...times, ...claims })) as JWTPayload;
  }

  private respond(path: string, response: ServerResponse): void {
    this.asked.push(path);
    if (this.answer === 'silent') return;
    if (this.answer === 'status-500') return void response.writeHead(500).end();
    if (this.answer === 'not-json') return void response.end('<html>');
    if (this.answer === 'endless') return void endless(response);
    if (this.answer === 'redirect' && !path.startsWith('/moved')) {
      return void response.writeHead(302, { location: `/moved${path}` }).end();
    }
    const issuer = this.answer === 'other-issuer' ? 'https://other.example' : this.url;
    const body = path.endsWith('/.well-known/openid-configuration')
      ? { issuer, jwks_uri: `${this.url}/keys` }
      : { keys: this.keys.map(({ jwk }) => jwk) };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  }
}

function endless(response: ServerResponse): void {
  const more = (): void => {
    if (response.destroyed) return;
    if (response.write(' '.repeat(65_536))) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}
