import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTED, Redactor } from './redaction.js';

describe('redaction', () => {
  it.each<[string, string[], string, string]>([
    ['nothing', [], 'all is said', 'all is said'],
    ['a secret', ['hunter22'], 'the password is hunter22!', `the password is ${REDACTED}!`],
    ['a secret twice', ['aaaa'], 'aaaaaaaa', REDACTED + REDACTED],
    ['a secret in another', ['pass', 'password'], 'password pass', `${REDACTED} ${REDACTED}`],
    ['a secret of several lines', ['one two three\nfour'], '>one two three\n>four', `>${REDACTED}\n>four`],
    ['what begins like a secret', ['hunter22'], 'hunter hunter2x', 'hunter hunter2x'],
    ['a secret that is cut off at the end', ['hunter22'], 'it is hunter2', `it is ${REDACTED}`],
    ['an end that could be the beginning of one', ['hunter22'], 'oh', 'oh'],
    ['a short one whose longer one does not come', ['pass', 'password'], 'passwo', `${REDACTED}wo`],
  ])('takes out %s', (_, secrets, text, told) => {
    expect(new Redactor(secrets).redact(text)).toBe(told);
  });

  it('finds a secret in whatever parts it comes', () => {
    const secrets = fc.array(fc.stringMatching(/^[ab]{4,9}$/), { minLength: 1, maxLength: 3 });
    const parts = fc.array(fc.stringMatching(/^[abc]{0,12}$/), { maxLength: 8 });
    fc.assert(
      fc.property(secrets, parts, (known, said) => {
        const stream = new Redactor(known).stream();
        const told = said.map((part) => stream.push(part));
        const whole = told.join('') + stream.end();
        expect(whole).toBe(new Redactor(known).redact(said.join('')));
        for (const secret of known) expect(whole).not.toContain(secret);
        // Nothing else is lost: what is left are pieces of what was said, in order.
        let from = 0;
        for (const piece of whole.split(REDACTED)) {
          const at = said.join('').indexOf(piece, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + piece.length;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
