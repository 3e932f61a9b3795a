import type { Readable } from 'node:stream';
import type { ExecResult } from '@podway/hosts';
import { HostAnswer } from './host-answer.js';
import { hostScript } from './host-script.js';
import { partOptions } from './part-options.js';
import type { ServerTarget } from './state-driver.js';
import { hostErrors, StateError, type HostErrorCode } from './state.errors.js';

export interface CallOptions {
  stdin?: Readable;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** Longest answer of a verb in bytes. `inspect` with a thousand kept trees is 110 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const ABSENT = 90;

// Fixed texts: what varies comes as arguments. 90 says that there is no such script.
const RUN = `[ -f "$1/.podway/bin/podway-host-$2" ] || exit ${ABSENT}
root=$1 version=$2; shift 2; exec sh "$root/.podway/bin/podway-host-$version" "$root" "$@"`;
const RUN_IF_SAME = `file=$1/.podway/bin/podway-host-$2
[ -f "$file" ] || exit ${ABSENT}
case $(sha256sum <"$file") in "$3 "*) ;; *) exit ${ABSENT} ;; esac
root=$1; shift 3; exec sh "$file" "$root" "$@"`;
const INSTALL = `set -eu; umask 077; folder=$1/.podway/bin; (umask 022; mkdir -p "$1"); mkdir -p "$folder"
file=$(mktemp "$folder/new.XXXXXX"); trap 'rm -f "$file"' EXIT; cat >"$file"
case $(sha256sum <"$file") in "$3 "*) ;; *) exit ${ABSENT} ;; esac
sync "$file"; mv -f "$file" "$folder/podway-host-$2"; sync "$folder"`;

/** Calls verbs of `podway-host` on servers, and turns their failures into coded errors. */
export class HostCaller {
  constructor(private readonly timeoutMs: number) {}

  /** Ships the script when the server has another one or none, and makes the folders. */
  async prepare(target: ServerTarget): Promise<void> {
    const { version, digest, text } = hostScript();
    const init = [target.path, version, digest, 'init', ...stateOptions(target)];
    const shell = (script: string, args: readonly string[], stdin?: string) =>
      target.session.exec(['sh', '-c', script, 'podway', ...args], {
        stdin,
        timeoutMs: this.timeoutMs,
        maxOutputBytes: MAX_ANSWER_BYTES,
        verb: 'prepare',
      });
    const first = await shell(RUN_IF_SAME, init);
    if (first.code === 0) return;
    if (first.code !== ABSENT) throw failure(target, 'init', first);
    const installed = await shell(INSTALL, [target.path, version, digest], text);
    if (installed.code !== 0) throw failure(target, 'install', installed);
    const second = await shell(RUN_IF_SAME, init);
    if (second.code !== 0) throw failure(target, 'init', second);
  }

  /** Runs a verb with the POD's exclusions, shared paths and count of kept trees before its own arguments. */
  async call(
    target: ServerTarget,
    verb: string,
    args: readonly (string | number)[],
    options: CallOptions = {},
  ): Promise<HostAnswer> {
    const result = await target.session.exec(this.argv(target, verb, args), {
      stdin: options.stdin,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.timeoutMs,
      maxOutputBytes: MAX_ANSWER_BYTES,
      verb,
    });
    if (result.code !== 0) throw failure(target, verb, result);
    return new HostAnswer(result.stdout, target.session.server, verb);
  }

  /** The same with binary output. `done` rejects when the verb failed. */
  stream(
    target: ServerTarget,
    verb: string,
    args: readonly (string | number)[],
    options: CallOptions = {},
  ): { stdout: Readable; done: Promise<void> } {
    const { stdout, done } = target.session.stream(this.argv(target, verb, args), {
      stdin: options.stdin,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.timeoutMs,
      verb,
    });
    const checked = done.then((result) => {
      if (result.code !== 0) throw failure(target, verb, result);
    });
    return { stdout, done: checked };
  }

  private argv(target: ServerTarget, verb: string, args: readonly (string | number)[]): string[] {
    const own = [...stateOptions(target), '--', ...args.map(String)];
    return ['sh', '-c', RUN, 'podway', target.path, hostScript().version, verb, ...own];
  }
}

function stateOptions({ state, writes }: ServerTarget): string[] {
  const excluded = (state.excluded ?? []).flatMap((path) => ['-x', path]);
  const shared = (state.shared ?? []).flatMap((path) => ['-s', path]);
  const parts = (state.parts ?? []).flatMap((part) => partOptions(part, writes));
  return [...excluded, ...shared, '-k', String(state.keep ?? 5), ...parts];
}

/** The exit code says which error it is; the text is for people. */
function failure(
  target: ServerTarget,
  verb: string,
  { code, stderr }: Pick<ExecResult, 'code' | 'stderr'>,
): StateError {
  const details = { server: target.session.server, verb, path: target.path, exitCode: code };
  if (code === ABSENT) {
    return new StateError(
      'NOT_PREPARED',
      'podway-host is not installed there; prepare the server first',
      details,
    );
  }
  const word = (Object.keys(hostErrors) as HostErrorCode[]).find((known) => hostErrors[known].exit === code);
  const text = stderr.split('\n').findLast((line) => line.startsWith(`error\t${word}\t`));
  const own = word && word !== 'COMMAND_FAILED' ? text?.split('\t')[2] : undefined;
  const detail = own ?? (stderr.trim().slice(-1000) || `ended with ${code}`);
  return new StateError(word ?? 'COMMAND_FAILED', `${verb}: ${detail}`, details);
}
