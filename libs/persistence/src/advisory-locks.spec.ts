import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { advisoryLocks } from './advisory-locks.js';

it('gives no two things the same lock', () => {
  const keys = Object.values(advisoryLocks);
  expect(new Set(keys).size).toBe(keys.length);
});

it('has all the keys that are not computed: none stands where it is used', async () => {
  const users: string[] = [];
  const withNumber: string[] = [];
  for (const path of await readdir(import.meta.dirname, { recursive: true })) {
    if (!path.endsWith('.ts') || path.includes('.spec.') || path === 'advisory-locks.ts') continue;
    const source = await readFile(join(import.meta.dirname, path), 'utf8');
    if (!/pg_(try_)?advisory/.test(source)) continue;
    users.push(path);
    if (/\b(0x[0-9a-f]{6,}|\d_?\d{3}_?\d{3})\b/i.test(source)) withNumber.push(path);
  }
  expect(users.length).toBeGreaterThan(5);
  expect(withNumber).toEqual([]);
});
