import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DashboardFile } from './dashboard-files.js';

/** The path that the dashboard is served below. */
export const DASHBOARD_PATH = '/dashboard/';

const YEAR_SECONDS = 31_536_000;

/** Scripts and calls of this origin alone; styles may be inline, because components set theirs at run time. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Answers what is asked for below {@link DASHBOARD_PATH}, and leads there from `/`. All else goes on to the API. */
export function dashboardSite(files: ReadonlyMap<string, DashboardFile>) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const [path = ''] = (request.url ?? '').split('?');
    const mine = path === '/' || `${path}/` === DASHBOARD_PATH || path.startsWith(DASHBOARD_PATH);
    if (!mine || (request.method !== 'GET' && request.method !== 'HEAD') || files.size === 0) return next();
    if (!path.startsWith(DASHBOARD_PATH)) return redirect(response);
    const name = path.slice(DASHBOARD_PATH.length);
    // Views have addresses of their own; what belongs to a view is told by the page itself.
    const file = files.get(name) ?? (name.startsWith('assets/') ? undefined : files.get('index.html'));
    if (!file) return next();
    send(request, response, file);
  };
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: DASHBOARD_PATH, 'content-length': 0 }).end();
}

function send(request: IncomingMessage, response: ServerResponse, file: DashboardFile): void {
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
