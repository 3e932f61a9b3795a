import type { Check } from '@podway/contracts';
import type { ProbeFinding } from './probe.js';

/** No other server in rotation is known to be on an older release: what the check says about that. Never passed unless it says so. */
export function withoutOthers({ withoutOthers: verdict = 'inconclusive' }: Check): ProbeFinding {
  const detail = 'no other server in rotation is known to be on an older release';
  return verdict === 'passed'
    ? { verdict, detail: `${detail}; the check lets that pass` }
    : { verdict, detail };
}
