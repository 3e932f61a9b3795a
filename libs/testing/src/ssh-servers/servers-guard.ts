import { spawn } from 'node:child_process';

/** Ends every process whose arguments or environment name the folder, then removes it. */
const script = `cat >/dev/null
for entry in /proc/[0-9]*; do
  if grep -qsF -- "$1/" "$entry/cmdline" "$entry/environ"; then kill -9 "\${entry#/proc/}"; fi
done
rm -rf -- "$1"`;

/**
 * Ends test servers when the test run was killed: a small shell waits until our end of its standard input closes,
 * which happens however we end. Returns a function that calls it off.
 */
export function guardServers(root: string): () => void {
  const guard = spawn('sh', ['-c', script, 'sh', root], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  guard.unref();
  const input = guard.stdin as unknown as { unref?: () => void };
  input.unref?.();
  return () => void guard.kill('SIGKILL');
}
