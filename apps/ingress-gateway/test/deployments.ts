import { ulid } from 'ulid';
import { DeploymentChanged, envelop, type DeploymentState, type Envelope } from '@podway/contracts';
import { DeploymentEntity, ReleaseEntity } from '@podway/persistence';
import type { Infrastructure } from '@podway/service-kit';

type DataSource = Infrastructure['dataSource'];

export interface DeploymentOptions {
  id?: string;
  client?: string;
  pod?: string;
  state?: DeploymentState;
  leased?: boolean;
  /** What differs in the saga's state. */
  saga?: Record<string, unknown>;
}

/** A deployment as the coordinator would have written it. */
export async function insertDeployment(
  dataSource: DataSource,
  {
    id = ulid(),
    client = 'acme',
    pod = 'shop',
    state = 'Queued',
    leased = false,
    saga = {},
  }: DeploymentOptions = {},
): Promise<DeploymentEntity> {
  const now = new Date();
  const updateId = ulid();
  return dataSource.manager.save(DeploymentEntity, {
    id,
    updateId,
    client,
    pod,
    state,
    data: {
      deploymentId: id,
      updateId,
      publisher: { key: 'abcdefghijkl', client },
      source: { kind: 'artifact', artifact: 'a'.repeat(64) },
      target: { pod },
      submittedAt: now.toISOString(),
      name: state,
      enteredAt: now.toISOString(),
      attempt: 0,
      tries: 0,
      attempts: {},
      servers: [],
      quarantined: [],
      ...saga,
    },
    leased,
    deadline: null,
    version: 1,
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    submittedAt: now,
    updatedAt: now,
    finishedAt: null,
  });
}

/** A release as the coordinator would have written it. */
export async function insertRelease(
  dataSource: DataSource,
  changes: Partial<ReleaseEntity> = {},
): Promise<ReleaseEntity> {
  return dataSource.manager.save(ReleaseEntity, {
    ...{ pod: 'shop', number: 1, treeId: ulid(), fingerprint: 'f'.repeat(64) },
    ...{ artifact: 'a'.repeat(64), sourceRelease: null, deploymentId: ulid(), label: null },
    ...{ name: 'shop', version: '1.0.0', reason: null, changes: null, publisher: 'abcdefghijkl' },
    createdAt: new Date(),
    ...changes,
  });
}

/** Appends an event as the coordinator does. It has no sequence before {@link numberEvents}. */
export async function appendChange(
  dataSource: DataSource,
  deployment: { id: string; updateId: string; client: string; pod: string | null },
  change: { from?: DeploymentState; to: DeploymentState; cause: string; detail?: string; time?: Date },
): Promise<void> {
  const { time, ...rest } = change;
  const payload = Object.assign(new DeploymentChanged(), {
    deploymentId: deployment.id,
    updateId: deployment.updateId,
    ...rest,
  });
  const envelope = envelop(payload, {
    source: 'saga-coordinator',
    subject: `${deployment.client}/${deployment.pod}`,
    ...(time ? { time } : {}),
  });
  await appendEvent(dataSource, envelope, deployment);
}

/** Appends any event to the log. */
export async function appendEvent(
  dataSource: DataSource,
  envelope: Envelope,
  { client, pod }: { client: string; pod: string | null },
): Promise<void> {
  await dataSource.query(
    `insert into coordinator.event_log (client, pod, deployment_id, type, envelope, created_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [client, pod, envelope.deploymentid ?? null, envelope.type, JSON.stringify(envelope), envelope.time],
  );
}

/** Gives sequences to what has none and tells readers, as the coordinator's numbering does. */
export async function numberEvents(dataSource: DataSource): Promise<void> {
  await dataSource.query(`
    with fresh as (select id, row_number() over (order by id) as place from coordinator.event_log where sequence is null),
         highest as (select coalesce(max(sequence), 0) as top from coordinator.event_log)
    update coordinator.event_log e set sequence = top + place from fresh, highest where e.id = fresh.id`);
  await dataSource.query(`select pg_notify('podway_events', '')`);
}
