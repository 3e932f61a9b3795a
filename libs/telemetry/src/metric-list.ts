/** What each label holds, and what bounds the number of its values. */
export const labels = {
  service: 'one of the eight services',
  pod: 'a POD of the inventory, or one that was since the process started',
  outcome: 'for a deployment: its terminal state; for a step: `succeeded`, `failed`, `fenced` or `error`',
  stage: 'a state of the saga that is not terminal',
  state: 'a state of the saga that is not terminal',
  step: 'a step of the saga',
  outbox: '`coordinator`, `ingress` or `events`',
  queue: 'a queue of the topology',
  type: 'a type of message in the registry',
  result:
    'for a delivery: `ack`, `retry` or `dead-letter`; for a command on a server: `zero`, `nonzero` or `error`',
  transport: '`ssh` or `local`',
  method: 'a method of HTTP, or `other`',
  route: 'template of an API route, or `none` where none matched',
  status: 'status code of HTTP',
  class: '`1xx` to `5xx`, or `none` for an access that ended without an answer',
  finding: '`in-sync`, `drifted`, `unreachable` or `unknown`',
} as const;

export type Label = Exclude<keyof typeof labels, 'service'>;

/** Who exports it: `workers` do steps, `consumers` take messages, `all` send them. */
type Exporters = 'saga-coordinator' | 'ingress-gateway' | 'workers' | 'consumers' | 'all';

interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  readonly by: Exporters;
  readonly buckets?: readonly number[];
}

/** Seconds: of steps and stages, from a moment to hours. */
const LONG = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400];
/** Seconds: of requests and messages. */
const SHORT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

function metric<S extends MetricSpec>(spec: S): S {
  return spec;
}

/** Every metric of Podway, declared once. Each has the label `service` besides. */
export const metricList = {
  podway_deployments_total: metric({
    type: 'counter',
    labels: ['pod', 'outcome'],
    by: 'saga-coordinator',
    help: 'Deployments that ended. One that is taken up again after RollbackFailed counts at each end.',
  }),
  podway_deployment_duration_seconds: metric({
    type: 'histogram',
    labels: ['outcome'],
    by: 'saga-coordinator',
    buckets: LONG,
    help: 'Time from the acceptance of an update to the end of its deployment.',
  }),
  podway_stage_duration_seconds: metric({
    type: 'histogram',
    labels: ['stage'],
    by: 'saga-coordinator',
    buckets: LONG,
    help: 'Time that deployments spent in a state before they left it, retries and waits included.',
  }),
  podway_queue_wait_seconds: metric({
    type: 'histogram',
    labels: [],
    by: 'saga-coordinator',
    buckets: LONG,
    help: 'Time that deployments waited for their POD before they began.',
  }),
  podway_rollbacks_total: metric({
    type: 'counter',
    labels: ['pod', 'stage'],
    by: 'saga-coordinator',
    help: 'Roll-backs that began, by the state that they began from.',
  }),
  podway_replication_sent_bytes_total: metric({
    type: 'counter',
    labels: ['pod'],
    by: 'saga-coordinator',
    help: 'Bytes sent to servers by replications that succeeded, as their outcomes tell.',
  }),

  podway_census_success: metric({
    type: 'gauge',
    labels: [],
    by: 'saga-coordinator',
    help: '1 when the gauges that are read from the database are of now, 0 when they could not be read and are left out.',
  }),
  podway_pods: metric({ type: 'gauge', labels: [], by: 'saga-coordinator', help: 'PODs in the inventory.' }),
  podway_deployments_running: metric({
    type: 'gauge',
    labels: ['state'],
    by: 'saga-coordinator',
    help: 'Deployments that are not over, by state.',
  }),
  podway_deployment_state_age_seconds: metric({
    type: 'gauge',
    labels: ['state'],
    by: 'saga-coordinator',
    help: 'Time since the one that is longest in a state entered it.',
  }),
  podway_rollback_failed_pods: metric({
    type: 'gauge',
    labels: [],
    by: 'saga-coordinator',
    help: 'PODs that a deployment in RollbackFailed holds until an operator acts.',
  }),
  podway_queue_depth: metric({
    type: 'gauge',
    labels: ['pod'],
    by: 'saga-coordinator',
    help: 'Deployments that wait for the POD. Absent where none does.',
  }),
  podway_queue_oldest_seconds: metric({
    type: 'gauge',
    labels: ['pod'],
    by: 'saga-coordinator',
    help: 'How long the oldest of them has waited since its update was accepted.',
  }),
  podway_outbox_messages: metric({
    type: 'gauge',
    labels: ['outbox'],
    by: 'saga-coordinator',
    help: 'Committed messages that the broker has not confirmed yet.',
  }),
  podway_outbox_lag_seconds: metric({
    type: 'gauge',
    labels: ['outbox'],
    by: 'saga-coordinator',
    help: 'Age of the oldest of them; 0 without any.',
  }),
  podway_dead_letters: metric({
    type: 'gauge',
    labels: [],
    by: 'saga-coordinator',
    help: 'Dead letters of all queues.',
  }),
  podway_servers: metric({
    type: 'gauge',
    labels: ['finding'],
    by: 'saga-coordinator',
    help: 'Servers by what the last look found.',
  }),
  podway_drifted_servers: metric({
    type: 'gauge',
    labels: ['pod'],
    by: 'saga-coordinator',
    help: 'Servers of the POD that are not as they were proved. Absent where none is.',
  }),
  podway_quarantined_servers: metric({
    type: 'gauge',
    labels: ['pod'],
    by: 'saga-coordinator',
    help: 'Servers of the POD in quarantine. Absent where none is.',
  }),
  podway_healing_stopped_pods: metric({
    type: 'gauge',
    labels: [],
    by: 'saga-coordinator',
    help: 'PODs whose drift is not healed, or no longer.',
  }),

  podway_step_duration_seconds: metric({
    type: 'histogram',
    labels: ['step', 'outcome'],
    by: 'workers',
    buckets: LONG,
    help: 'Time that a worker took for a step, its own tries included.',
  }),
  podway_steps_running: metric({
    type: 'gauge',
    labels: ['step'],
    by: 'workers',
    help: 'Steps at work in the process.',
  }),
  podway_host_commands_total: metric({
    type: 'counter',
    labels: ['transport', 'result'],
    by: 'workers',
    help: 'Commands run on servers, by how they ended.',
  }),
  podway_host_command_duration_seconds: metric({
    type: 'histogram',
    labels: ['transport'],
    by: 'workers',
    buckets: LONG,
    help: 'Time that a command on a server took.',
  }),
  podway_host_sessions_open: metric({
    type: 'gauge',
    labels: ['transport'],
    by: 'workers',
    help: 'Commands that run on servers now. Over SSH each is a session (RFC 4254) on the pooled connection.',
  }),

  podway_messages_handled_total: metric({
    type: 'counter',
    labels: ['queue', 'result'],
    by: 'consumers',
    help: 'Deliveries that were handled, by what became of them.',
  }),
  podway_message_handling_seconds: metric({
    type: 'histogram',
    labels: ['queue'],
    by: 'consumers',
    buckets: SHORT,
    help: 'Time from a delivery to its acknowledgement.',
  }),
  podway_messages_published_total: metric({
    type: 'counter',
    labels: ['type'],
    by: 'all',
    help: 'Messages that the broker confirmed.',
  }),
  podway_messages_unpublished_total: metric({
    type: 'counter',
    labels: ['type'],
    by: 'all',
    help: 'Tries to publish a message that failed.',
  }),

  podway_http_requests_total: metric({
    type: 'counter',
    labels: ['method', 'route', 'status'],
    by: 'ingress-gateway',
    help: 'Requests to the API that ended.',
  }),
  podway_http_request_duration_seconds: metric({
    type: 'histogram',
    labels: ['route'],
    by: 'ingress-gateway',
    buckets: SHORT,
    help: 'Time from the head of a request to the API to the end of its answer.',
  }),
  podway_accesses_total: metric({
    type: 'counter',
    labels: ['pod', 'class'],
    by: 'ingress-gateway',
    help: 'Accesses of users that ended, by class of status. `pod` is empty for one that was answered before its POD was known.',
  }),
  podway_access_duration_seconds: metric({
    type: 'histogram',
    labels: [],
    by: 'ingress-gateway',
    buckets: SHORT,
    help: 'Time from the head of an access to the end of its answer.',
  }),
} as const;

export type MetricName = keyof typeof metricList;
