import type { PublishOptions } from '../podway.js';

type Words = Pick<PublishOptions, 'label' | 'reason' | 'force'>;

/** What a publisher says about an update, without what was not said. */
export function wordsOf({ label, reason, force }: { [K in keyof Words]: Words[K] | undefined }): Words {
  return {
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    ...(force === undefined ? {} : { force }),
  };
}
