import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tool } from './tool.js';

export interface DebianPackageContent {
  readonly name: string;
  /** As Debian writes it: `1.2-1`. */
  readonly version: string;
  /** Path on the server, without the first `/` -> content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Maintainer scripts. */
  readonly scripts?: Readonly<Partial<Record<'preinst' | 'postinst' | 'prerm' | 'postrm', string>>>;
  /** Files of the server's administrator: asked for at upgrades. Paths with the first `/`. */
  readonly conffiles?: readonly string[];
  /** More fields of its control file: `Depends`, `Conflicts`, … Default architecture: all. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** Makes a real .deb file for tests in `folder`. Returns its path. */
export async function makeDebianPackage(folder: string, content: DebianPackageContent): Promise<string> {
  const { name, version, files = {}, scripts = {}, conffiles = [], fields = {} } = content;
  const tree = await mkdtemp(join(tmpdir(), 'podway-deb-'));
  try {
    await mkdir(join(tree, 'DEBIAN'));
    const control = {
      Package: name,
      Version: version,
      Architecture: 'all',
      Maintainer: 'Podway tests <tests@podway.invalid>',
      Description: 'made for a test',
      ...fields,
    };
    const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`);
    await writeFile(join(tree, 'DEBIAN', 'control'), lines.join(''));
    if (conffiles.length > 0) await writeFile(join(tree, 'DEBIAN', 'conffiles'), `${conffiles.join('\n')}\n`);
    for (const [script, text] of Object.entries(scripts))
      await writeFile(join(tree, 'DEBIAN', script), text, { mode: 0o755 });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    const architecture = control.Architecture;
    const target = join(folder, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);
    await tool(['dpkg-deb', '--root-owner-group', '--build', tree, target]);
    return target;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
