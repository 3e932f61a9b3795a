// Makes of the command line, which must be built, what can be installed without this repository:
//
//   node tools/pack/cli.mjs [FOLDER]        default: dist/cli
//
// FOLDER/podway.mjs stands alone: Node runs it. FOLDER/package is the same as an npm package without dependencies, and
// FOLDER/podway-cli-VERSION.tgz is that package as `npm pack` makes it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = resolve(process.argv[2] ?? 'dist/cli');
const inside = join(out, 'package');
const read = async (path) => JSON.parse(await readFile(join(root, path), 'utf8'));
const { version, engines, license, description } = {
  ...(await read('package.json')),
  ...(await versionOfCli()),
};

await rm(out, { recursive: true, force: true });
await mkdir(inside, { recursive: true });
const bundle = await rolldown({
  input: join(root, 'apps/cli/dist/main.js'),
  platform: 'node',
  logLevel: 'warn',
});
const { output } = await bundle.write({
  file: join(inside, 'podway.mjs'),
  format: 'esm',
  codeSplitting: false,
  comments: { legal: false, annotation: false, jsdoc: false },
});
await bundle.close();
await chmod(join(inside, 'podway.mjs'), 0o755);
await copyFile(join(inside, 'podway.mjs'), join(out, 'podway.mjs'));
await copyFile(join(root, 'LICENSE'), join(inside, 'LICENSE'));
await writeFile(
  join(inside, 'THIRD-PARTY-LICENSES'),
  await licenses(output.flatMap(({ moduleIds = [] }) => moduleIds)),
);
await writeFile(join(inside, 'README.md'), readme());
await writeFile(
  join(inside, 'package.json'),
  `${JSON.stringify(
    {
      ...{ name: '@podway/cli', version, description: `The command line of Podway. ${description}`, license },
      ...{ type: 'module', engines, bin: { podway: 'podway.mjs' } },
      files: ['podway.mjs', 'LICENSE', 'THIRD-PARTY-LICENSES', 'README.md'],
    },
    undefined,
    2,
  )}\n`,
);
execFileSync('npm', ['pack', '--silent', '--pack-destination', out], {
  cwd: inside,
  stdio: ['ignore', 'ignore', 'inherit'],
});
console.log((await readdir(out)).map((name) => join(out, name)).join('\n'));

async function versionOfCli() {
  const { version: own } = await read('apps/cli/package.json');
  return { version: own };
}

/** The licenses of all packages that are in the bundle. */
async function licenses(modules) {
  const folders = new Set(modules.flatMap((id) => packageFolder(id) ?? []));
  const texts = [];
  for (const folder of [...folders].sort()) {
    const {
      name,
      version: at,
      license: said,
    } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((one) => /^licen[cs]e(\.|$)/i.test(one));
    const text = file === undefined ? `License: ${said}` : await readFile(join(folder, file), 'utf8');
    texts.push(`${name} ${at}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(79)}\n\n`);
}

/** The folder of a package of others, with a name: some have a package.json in each of their parts. */
function packageFolder(id) {
  if (!id.includes('/node_modules/')) return undefined;
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(
    id.slice(id.lastIndexOf('/node_modules/') + '/node_modules/'.length),
  )?.[0];
  const folder = join(id.slice(0, id.lastIndexOf('/node_modules/')), 'node_modules', name ?? '');
  return existsSync(join(folder, 'package.json')) ? folder : dirname(id);
}

function readme() {
  return [
    '# Podway on the command line',
    '',
    '`podway` publishes updates to PODs and follows their deployments. It needs Node and nothing else.',
    '',
    '```sh',
    'podway login https://podway.example.org',
    'podway publish my-site --pod site',
    'podway --help',
    '```',
    '',
  ].join('\n');
}
