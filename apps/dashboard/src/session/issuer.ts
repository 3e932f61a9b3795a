import * as oauth from 'oauth4webapi';

/** The issuer that people may sign in with, as the gateway tells. */
export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
}

/** What is remembered while somebody is away at the issuer. */
interface Errand {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where to go on, below the dashboard's address. */
  readonly path: string;
}

const ERRAND = 'podway.sign-in';
const BELOW = '/dashboard';
const home = (): string => new URL(`${BELOW}/`, window.location.origin).href;

/** Undefined: by API keys alone. */
export async function knownIssuer(): Promise<Issuer | undefined> {
  const answer = await fetch(`${BELOW}/sign-in.json`);
  if (!answer.ok) return undefined;
  return ((await answer.json()) as { oidc?: Issuer }).oidc;
}

/** Leaves for the issuer: authorization code with PKCE (RFC 6749, RFC 7636). Rejects when it cannot be reached. */
export async function leaveFor(issuer: Issuer): Promise<void> {
  const server = await discovered(issuer);
  if (server.authorization_endpoint === undefined) throw new Error(`${issuer.issuer} lets nobody sign in`);
  const errand: Errand = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    path: window.location.href.slice(window.location.origin.length + BELOW.length),
  };
  sessionStorage.setItem(ERRAND, JSON.stringify(errand));
  const url = new URL(server.authorization_endpoint);
  const asked = {
    client_id: issuer.clientId,
    redirect_uri: home(),
    response_type: 'code',
    scope: issuer.scope,
    state: errand.state,
    nonce: errand.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(errand.verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  window.location.assign(url);
}

/** Whether somebody comes back from the issuer with this address. */
export function comesBack(): boolean {
  const asked = new URLSearchParams(window.location.search);
  return (
    sessionStorage.getItem(ERRAND) !== null && asked.has('state') && (asked.has('code') || asked.has('error'))
  );
}

/**
 * Ends the errand: the token of who comes back.
 * @param goOn takes the page to where it was left, whatever comes of it: a code must not stay in the address.
 * Rejects when the issuer refused, or the answer is none to what was asked.
 */
export async function broughtBack(goOn: (path: string) => void): Promise<string> {
  const answer = new URL(window.location.href);
  const errand = JSON.parse(sessionStorage.getItem(ERRAND) ?? '{}') as Errand;
  sessionStorage.removeItem(ERRAND);
  goOn(errand.path);
  const issuer = await knownIssuer();
  if (!issuer) throw new Error('Nobody signs in with an issuer here any more');
  const server = await discovered(issuer);
  const client: oauth.Client = { client_id: issuer.clientId };
  const proof = oauth.validateAuthResponse(server, client, answer, errand.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    proof,
    home(),
    errand.verifier,
    overHttp(issuer),
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: errand.nonce,
    requireIdToken: true,
  });
  // Its signature is the gateway's to check, with each request.
  return tokens.id_token as string;
}

async function discovered(issuer: Issuer): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer.issuer);
  const response = await oauth.discoveryRequest(url, { algorithm: 'oidc', ...overHttp(issuer) });
  return oauth.processDiscoveryResponse(url, response);
}

/** The gateway tells such an issuer only where its settings allow it. */
function overHttp({ issuer }: Issuer): { [oauth.allowInsecureRequests]: boolean } {
  return { [oauth.allowInsecureRequests]: issuer.startsWith('http://') };
}
