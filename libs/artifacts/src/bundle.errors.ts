import { PodwayError } from '@podway/contracts';

/** Why a bundle is refused. */
export const bundleFaults = {
  FORMAT: 'is neither a tar nor a tar.gz archive',
  MALFORMED: 'is damaged or not well-formed',
  TRUNCATED: 'ends too early',
  TRAILING_DATA: 'goes on after its end',
  EMPTY: 'holds no files',
  PATH_ABSOLUTE: 'has an absolute path',
  PATH_ESCAPES: 'has a path that leads out of it',
  PATH_TOO_LONG: 'has a path or a name that is too long',
  PATH_TOO_DEEP: 'has too many folders within each other',
  NAME_INVALID: 'has a name that is not allowed',
  NAME_COLLISION: 'has names that differ only by case or by the form of their characters',
  DUPLICATE: 'has an entry twice',
  NOT_A_FOLDER: 'has an entry below something that is not a folder',
  LINK_ESCAPES: 'has a link that leads out of it',
  HARD_LINK: 'has a hard link',
  SPECIAL_FILE: 'has an entry that is neither a file, a folder nor a symbolic link',
  SPECIAL_MODE: 'has an entry with a set-user-id, set-group-id or sticky bit, or with capabilities',
  TOO_MANY_ENTRIES: 'has too many entries',
  TOO_LARGE: 'is too large when unpacked',
  RATIO: 'unpacks to suspiciously many bytes',
  MANIFEST_INVALID: 'has an invalid podway.yaml',
  SOURCE_MISSING: 'does not have the folder that a component names',
  FILE_MISSING: 'does not have the file that a component names',
  PROGRAM_MISSING: 'does not have the executable file that a component runs',
} as const;
export type BundleFault = keyof typeof bundleFaults;

/** The bundle is not taken. Code `BUNDLE.<fault>`; never retryable: its publisher must change it. */
export class BundleRefusedError extends PodwayError {
  constructor(
    readonly fault: BundleFault,
    options: { at?: string; reason?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    const at = options.at === undefined ? '' : ` at ${JSON.stringify(options.at.slice(0, 300))}`;
    const reason = options.reason ? `: ${options.reason}` : '';
    super(`BUNDLE.${fault}`, `The bundle ${bundleFaults[fault]}${at}${reason}`, {
      details: {
        ...options.details,
        ...(options.at === undefined ? {} : { path: options.at.slice(0, 300) }),
      },
      cause: options.cause,
    });
  }
}
