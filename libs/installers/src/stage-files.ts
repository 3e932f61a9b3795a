import type { KnownFiles } from '@podway/artifacts';

interface StageFile {
  readonly mode: string;
  readonly size: number;
  readonly digest: string;
}

/** What a stage holds already, as `listStage` tells it. */
export class StageFiles implements KnownFiles {
  readonly #files = new Map<string, StageFile>();
  readonly #unchanged: string[] = [];

  constructor(listing: readonly string[]) {
    for (const line of listing) {
      const [mode = '', size = '', digest = '', path] = line.split('\t');
      if (path !== undefined) this.#files.set(path, { mode, size: Number(size), digest });
    }
  }

  digestOf(path: string, size: number, executable: boolean): string | undefined {
    const file = this.#files.get(path);
    const same = file?.size === size && file.mode === (executable ? '755' : '644');
    return same ? file.digest : undefined;
  }

  unchanged(path: string): void {
    this.#unchanged.push(path);
  }

  /** The paths that were told unchanged, NUL-separated. */
  unchangedList(): string {
    return this.#unchanged.map((path) => `${path}\0`).join('');
  }
}
