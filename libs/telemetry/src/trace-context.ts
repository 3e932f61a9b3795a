import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { TRACEPARENT } from '@podway/contracts';

/** The context that a `traceparent` names, as that of somebody else's span. Without a valid one: that of no span. */
export function contextOf(traceparent: string | undefined): Context {
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return ROOT_CONTEXT;
  const spanContext = {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: Number.parseInt(traceparent.slice(53, 55), 16) & 1,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

/** What others are told to go on with the span's trace. Undefined for a span that is not one: nobody traces. */
export function traceparentOf(span: Span | undefined): string | undefined {
  const spanContext = span?.spanContext();
  if (!spanContext || !isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`;
}

/** Of the span at work, if there is one. */
export function activeTraceparent(): string | undefined {
  return traceparentOf(trace.getSpan(context.active()));
}

/**
 * What a message is to carry: the span at work when it belongs to that trace, else the trace itself. What is done for
 * one deployment may cause a message of another, which stays in its own trace.
 */
export function traceparentWithin(traceparent: string): string {
  const active = activeTraceparent();
  return active !== undefined && active.slice(3, 35) === traceparent.slice(3, 35) ? active : traceparent;
}
