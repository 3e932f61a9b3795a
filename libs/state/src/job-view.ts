import { NUMBER } from './answer-forms.js';
import type { HostAnswer } from './host-answer.js';
import type { JobView } from './state-driver.js';

const STATE = /^(running|exited|lost)$/;
const CODE = /^(-|[0-9]{1,3})$/;
const OUTPUT = /^[A-Za-z0-9+/]*={0,2}$/;

/** Length of `bytes` without a UTF-8 character that is cut at its end. RFC 3629. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

/** Reads the answer to `job-follow`. */
export function jobView(answer: HostAnswer): JobView {
  const [state, code, next, size] = answer.one('job', STATE, CODE, NUMBER, NUMBER);
  const bytes = Buffer.from(answer.optional('output', OUTPUT)?.[0] ?? '', 'base64');
  // The rest of a cut character may yet come, unless the job is over and this is its last output.
  const more = Number(next) < Number(size);
  const length = state === 'running' || more ? wholeCharacters(bytes) : bytes.length;
  return {
    output: bytes.subarray(0, length).toString('utf8'),
    nextByte: Number(next) - (bytes.length - length),
    more,
    state: state as JobView['state'],
    ...(code !== '-' && { exitCode: Number(code) }),
  };
}
