#!/usr/bin/env node
// A small static web server for a Podway server folder: it serves the files below ROOT/current.
// Usage: node site-server.mjs ROOT [ADDRESS:]PORT
import { createReadStream } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};

/** An HTTP server that answers from `<root>/current`: 404 for a missing file, 503 while there is no release. */
export function siteServer(root) {
  return createServer((request, response) => {
    answer(root, request, response).catch((error) => {
      console.error(error);
      refuse(response, 500, 'Internal error');
    });
  });
}

async function answer(root, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'Method not allowed');
  // The link is resolved once an access, so that one answer never mixes two releases.
  const release = await realpath(join(root, 'current')).catch(() => undefined);
  if (!release) return refuse(response, 503, 'No release yet');
  const found = await openFile(root, release, pathOf(request.url));
  if (!found) return refuse(response, 404, 'Not found');
  const { handle, name, size } = found;
  response.writeHead(200, {
    'content-type': contentTypes[extname(name).toLowerCase()] ?? 'application/octet-stream',
    'content-length': size,
    'cache-control': 'no-cache',
  });
  if (request.method === 'HEAD') {
    await handle.close();
    return response.end();
  }
  const file = createReadStream(name, { fd: handle, start: 0 });
  file.on('error', () => response.destroy());
  response.on('close', () => file.destroy());
  file.pipe(response);
}

function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, 'http://site').pathname);
  } catch {
    return undefined;
  }
}

async function openFile(root, release, path) {
  if (path === undefined || path.includes('\0') || path.split('/').includes('..')) return undefined;
  const wanted = path.endsWith('/') ? `${path}index.html` : path;
  // Shared folders lie beside the releases, so links may lead anywhere below the root, but not out of it.
  const base = await realpath(root);
  const name = await realpath(join(release, wanted)).catch(() => undefined);
  if (!name?.startsWith(base + sep) || name.startsWith(join(base, '.podway') + sep)) return undefined;
  const handle = await open(name, 'r').catch(() => undefined);
  if (!handle) return undefined;
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, name, size: stat.size };
  await handle.close();
  return stat.isDirectory() && !path.endsWith('/') ? openFile(root, release, `${path}/`) : undefined;
}

function refuse(response, status, text) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

if (process.argv[1] && (await realpath(process.argv[1])) === fileURLToPath(import.meta.url)) {
  const [root, where = ''] = process.argv.slice(2);
  const [, address = '127.0.0.1', port] = /^(?:(.*):)?(\d+)$/.exec(where) ?? [];
  if (!root || !port) {
    console.error('Usage: node site-server.mjs ROOT [ADDRESS:]PORT');
    process.exit(2);
  }
  siteServer(root).listen(Number(port), address, () =>
    console.log(`http://${address}:${port} serves ${root}/current`),
  );
}
