import type { BundleParts } from './bundles.js';

/** A bundle whose installation takes a while: a script that tells a line each 100 ms. */
export function slowInstall(seconds: number): Partial<BundleParts> {
  return {
    components: [{ name: 'slow', installer: 'script', run: ['./slow.sh', String(seconds * 10)] }],
    scripts: {
      'slow.sh':
        '#!/bin/sh\ni=0\nwhile [ $i -lt "$1" ]; do echo "line $i"; sleep 0.1; i=$((i+1)); done\necho done > installed.txt\n',
    },
  };
}

/** A bundle whose verification takes a while. */
export function slowCheck(seconds: number): Partial<BundleParts> {
  return { checks: [{ probe: 'command', run: ['sleep', String(seconds)], timeoutMs: 60_000, tries: 1 }] };
}

/** Many files, so that replication takes a while. */
export function manyFiles(version: string, count: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    files[`data/${index % 100}/file-${index}.txt`] = `${version} ${index} ${'x'.repeat(200)}\n`;
  }
  return files;
}
