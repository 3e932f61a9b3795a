import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podway, temporaryFolder, type Ran } from '../../test/run.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** The file is read before anything is sent: nobody needs to answer. */
function apply(file: string): Promise<Ran> {
  return podway(['pods', 'apply', '-f', file, '--key', 'k'], { cwd: folder });
}

describe('an inventory', () => {
  it.each([
    ['pods: [', /broken\.yaml cannot be used\n {2}line 1: .*/],
    ['apiVersion: podway/v1\npods:\n  - name: shop\n   client: x\n', /line 4: /],
    ['apiVersion: podway/v1\npods:\n  - name: Shop\n', /line 3: pods\.0\.name: /],
    ['apiVersion: podway/v2\npods: []\n', /line 1: apiVersion: /],
    [withServerLine('http: ftp://x'), /line 8: pods\.0\.servers\.0\.http: /],
    ['- 1\n', /an object is required/],
    ['', /an object is required/],
  ])('that is wrong is refused with its line: %j', async (text, expected) => {
    await writeFile(join(folder, 'broken.yaml'), text);
    const refused = await apply('broken.yaml');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^podway: CLI\.FILE_INVALID: /);
    expect(refused.stderr).toMatch(expected);
  });

  it('that is not there is told', async () => {
    expect(await apply('none.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENOENT'),
    });
  });
});

/** An inventory with one server that has this line. */
function withServerLine(line: string): string {
  return `apiVersion: podway/v1\npods:\n  - name: p\n    client: c\n    path: /srv/p\n    state: { driver: tree }\n    servers:\n      - ${line}\n        name: s\n        local: true\n`;
}
