import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { DashboardFile } from './dashboard-files.js';
import type { SignIn } from './sign-in.js';

/** The path that the dashboard is served below. */
export const DASHBOARD_PATH = '/dashboard/';

const YEAR_SECONDS = 31_536_000;

/** What the page asks how people sign in. */
const SIGN_IN = 'sign-in.json';

/**
 * Scripts of this origin alone, calls to it and to the issuer that people sign in with; styles may be inline, because
 * components set theirs at run time.
 */
function policyFor(signIn: SignIn | undefined): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    ['connect-src', "'self'", ...(signIn?.origins ?? [])].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Answers what is asked for below {@link DASHBOARD_PATH}, and leads there from `/`. All else goes on to the API. */
export function dashboardSite(built: ReadonlyMap<string, DashboardFile>, signIn?: SignIn) {
  const policy = policyFor(signIn);
  const files = built.size === 0 ? built : new Map([...built, [SIGN_IN, signInFile(signIn)]]);
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const [path = ''] = (request.url ?? '').split('?');
    const mine = path === '/' || `${path}/` === DASHBOARD_PATH || path.startsWith(DASHBOARD_PATH);
    if (!mine || (request.method !== 'GET' && request.method !== 'HEAD') || files.size === 0) return next();
    if (!path.startsWith(DASHBOARD_PATH)) return redirect(response);
    const name = path.slice(DASHBOARD_PATH.length);
    // Views have addresses of their own; what belongs to a view is told by the page itself.
    const file = files.get(name) ?? (name.startsWith('assets/') ? undefined : files.get('index.html'));
    if (!file) return next();
    send(request, response, file, policy);
  };
}

function signInFile(signIn: SignIn | undefined): DashboardFile {
  const { issuer, clientId, scope } = signIn ?? {};
  const content = Buffer.from(JSON.stringify(signIn ? { oidc: { issuer, clientId, scope } } : {}));
  return { type: 'application/json; charset=utf-8', content, gzipped: gzipSync(content), immutable: false };
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: DASHBOARD_PATH, 'content-length': 0 }).end();
}

function send(request: IncomingMessage, response: ServerResponse, file: DashboardFile, policy: string): void {
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zipped ? file.gzipped : file.content;
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': body.length,
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    vary: 'accept-encoding',
    'cache-control': file.immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
