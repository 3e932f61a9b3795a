import { gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';

/** A bundle of these files, packed. */
export async function bundleOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files)) pack.entry({ name, mtime: new Date(0) }, content);
  pack.finalize();
  return gzipSync(await buffer(pack));
}

/** A good bundle for POD `shop`. */
export function shopBundle(content = 'hello'): Promise<Buffer> {
  return bundleOf({
    'podway.yaml': [
      'apiVersion: podway/v1',
      'name: shop',
      'version: 1.0.0',
      'target: { pod: shop }',
      'components: [{ name: site, installer: archive, source: site }]',
      '',
    ].join('\n'),
    'site/index.html': content,
  });
}
