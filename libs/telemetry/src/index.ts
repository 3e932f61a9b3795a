export { labels, metricList, type Label, type MetricName } from './metric-list.js';
export { MetricsRegistry, type Metrics } from './metrics.js';
export { startTracing, type Tracing } from './tracing.js';
export { unwatched, type Telemetry } from './telemetry.js';
export { activeTraceparent, contextOf, traceparentOf, traceparentWithin } from './trace-context.js';
export { failSpan, withinSpan } from './within-span.js';
export { ObservedBroker, type MessagingSystem } from './observed-broker.js';
export { ObservedHostSessions } from './observed-host-sessions.js';
export { observedStep } from './observed-step.js';
