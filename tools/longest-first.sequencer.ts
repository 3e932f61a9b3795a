import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Files that take minutes, the longest first: begun last, one of them would run on alone after all others have ended. */
const LONGEST = [
  'e2e/docs.spec.ts',
  'e2e/dashboard.spec.ts',
  'e2e/working-on-it.long.spec.ts',
  'e2e/containers.long.spec.ts',
  'e2e/broken-boot.long.spec.ts',
  'libs/state/src/watchdog-races.system.spec.ts',
  'e2e/abort.long.spec.ts',
];

/** Vitest knows how long files take only where it has run before; in a new clone it goes by their size. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
