import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activeTraceparent, contextOf, traceparentOf, traceparentWithin } from './trace-context.js';

const told = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const sameTrace = '00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01';
const otherTrace = '00-11111111111111111111111111111111-00f067aa0ba902b7-00';

describe('trace context', () => {
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  afterAll(() => context.disable());

  it.each([told, sameTrace, otherTrace])('%s comes out as it went in', (traceparent) => {
    expect(traceparentOf(trace.getSpan(contextOf(traceparent)))).toBe(traceparent);
  });

  it.each([undefined, '', 'nonsense', told.toUpperCase(), `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`])(
    '%j is no span',
    (wrong) => {
      expect(trace.getSpan(contextOf(wrong))).toBeUndefined();
    },
  );

  it('is carried through promises, and is gone afterwards', async () => {
    await context.with(contextOf(told), async () => {
      await Promise.resolve();
      expect(activeTraceparent()).toBe(told);
    });
    expect(activeTraceparent()).toBeUndefined();
  });

  it('of a message is the span at work, if that is of the same trace', () => {
    expect(traceparentWithin(told)).toBe(told);
    expect(context.with(contextOf(sameTrace), () => traceparentWithin(told))).toBe(sameTrace);
    expect(context.with(contextOf(otherTrace), () => traceparentWithin(told))).toBe(told);
  });
});
