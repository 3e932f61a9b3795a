// `node page-server.mjs PORT NAME=BYTES…`: answers GET /NAME with that many bytes out of memory. What a proxy costs is not
// hidden behind a server that is slow itself.
import { createServer } from 'node:http';

const [port, ...pages] = process.argv.slice(2);
const bodies = new Map(
  pages.map((page) => {
    const [name, bytes] = page.split('=');
    return [`/${name}`, Buffer.alloc(Number(bytes), 'x')];
  }),
);

const server = createServer((request, response) => {
  const body = bodies.get(request.url);
  response.writeHead(body ? 200 : 404, { 'content-type': 'text/html', 'content-length': body?.length ?? 0 });
  response.end(body);
});
server.keepAliveTimeout = 65_000;
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
