import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { context, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { wholeTree } from '../test/whole-tree.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
let canary: TreeServer;
let replica: TreeServer;

beforeAll(async () => {
  [canary, replica] = [await treeServer({}, { name: 'canary' }), await treeServer({}, { name: 'replica' })];
  await driver.prepare(canary);
  await driver.prepare(replica);
});
afterAll(() => [canary, replica].forEach((server) => server.remove()));

// Few names, so that the same path is a file, a folder and a link in turn.
const name = fc.constantFrom('a', 'b', 'a b', '-x', '*', "q'", '.h', 'é', '\\', 'a-b');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('file' as const), path, text: fc.string({ maxLength: 30 }) }),
  },
  fc.record({ kind: fc.constant('folder' as const), path }),
  fc.record({ kind: fc.constant('link' as const), path, to: path }),
  fc.record({ kind: fc.constant('hard link' as const), path, to: path }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
  fc.record({
    kind: fc.constant('mode' as const),
    path,
    mode: fc.constantFrom(0o600, 0o755, 0o4711, 0o2775, 0o444),
  }),
  fc.record({ kind: fc.constant('owner' as const), path, uid: fc.nat(9), gid: fc.nat(9) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Makes the change as far as the tree as it is allows it. */
function apply(folder: string, step: Change): void {
  const at = `${folder}/${step.path}`;
  const fresh = () => {
    rmSync(at, { recursive: true, force: true });
    mkdirSync(dirname(at), { recursive: true });
  };
  try {
    if (step.kind === 'file') (fresh(), writeFileSync(at, step.text));
    else if (step.kind === 'folder') mkdirSync(at, { recursive: true });
    else if (step.kind === 'link') (fresh(), symlinkSync(step.to, at));
    else if (step.kind === 'hard link') (fresh(), linkSync(`${folder}/${step.to}`, at));
    else if (step.kind === 'remove') rmSync(at, { recursive: true, force: true });
    else {
      // A file of the base is shared with it: change a copy, as an installer must.
      execFileSync('sh', [
        '-ec',
        '[ ! -f "$1" ] || [ -L "$1" ] || { cp -p "$1" "$1.n"; mv "$1.n" "$1"; }',
        'sh',
        at,
      ]);
      if (step.kind === 'mode') chmodSync(at, step.mode);
      else chownSync(at, step.uid, step.gid);
    }
  } catch (error) {
    // ENOTDIR, ENOENT, EEXIST, ELOOP, EPERM: this change does not fit this tree.
    if (!(error instanceof Error) || !('code' in error)) throw error;
  }
}

it('brings any tree to any other', async () => {
  let from: string | undefined;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 25 }),
      fc.boolean(),
      async (steps, onward) => {
        const { dir } = await driver.beginStage(canary, ctx, {
          base: onward ? from : undefined,
          copy: 'link',
        });
        steps.forEach((step) => apply(dir, step));
        const treeId = ulid();
        const wanted = { treeId, ...(await driver.commitStage(canary, ctx, { dir, treeId })) };
        const before = from && wholeTree(replica.file(`releases/${from}`));
        const { results } = await driver.stageFrom(canary, [replica], ctx, wanted);
        expect(results.get('replica')).toEqual({ ok: true });
        const source = wholeTree(canary.file(`releases/${treeId}`));
        expect(wholeTree(replica.file(`releases/${treeId}`))).toEqual(source);
        if (from) expect(wholeTree(replica.file(`releases/${from}`))).toEqual(before);
        await driver.switchTo(replica, ctx, wanted);
        from = treeId;
      },
    ),
    { numRuns: 40 },
  );
}, 180_000);
