import { spawn } from 'node:child_process';

/** Ends every process that works inside the folder, then removes it. */
const script = `cat > /dev/null
for entry in /proc/[0-9]*; do
  case "$(readlink "$entry/cwd")" in "$1" | "$1"/*) kill -9 "\${entry#/proc/}" ;; esac
done
rm -rf "$1"`;

/**
 * Cleans up after a test run that was killed: a small shell waits until our end of its standard input closes, which
 * happens however we end. Returns a function that calls it off, for a test that cleans up by itself.
 */
export function guardFolder(folder: string): () => void {
  const guard = spawn('sh', ['-c', script, 'sh', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  guard.unref();
  const input = guard.stdin as unknown as { unref?: () => void };
  input.unref?.();
  return () => void guard.kill('SIGKILL');
}
