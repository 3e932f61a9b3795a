import { ulid } from 'ulid';
import { BundleManifest, validated, type PodSpec } from '@podway/contracts';
import { signingPair } from '@podway/testing/signatures';
import type { Database } from '../src/data-source.js';
import { SigningKeys } from '../src/auth/signing-keys.js';
import {
  ArtifactEntity,
  DeploymentEntity,
  ReleaseEntity,
  ResourceEntity,
  ServerStatusEntity,
} from '../src/entities/index.js';
import { Logs } from '../src/logs/logs.js';
import { ReleaseMarks } from '../src/ingress/release-marks.js';
import { PodPauses } from '../src/ingress/pod-pauses.js';
import { Updates } from '../src/ingress/updates.js';
import { Inventory } from '../src/inventory/inventory.js';
import { Rotation } from '../src/rotation/rotation.js';
import { acceptanceOf, anUpdate } from './updates.js';

/** What things of one client are called by. */
export interface ThingsOfClient {
  readonly client: string;
  readonly pod: string;
  readonly updateId: string;
  readonly deploymentId: string;
  readonly digest: string;
  readonly keyId: string;
  readonly signingKey: string;
  readonly webhook: string;
}

const ofClient = (client: string, pod: string, digit: string): ThingsOfClient => ({
  ...{ client, pod, updateId: ulid(), deploymentId: ulid(), digest: digit.repeat(64) },
  ...{ keyId: `key-${client}`, signingKey: digit.repeat(64), webhook: ulid() },
});

/** `acme` with POD `shop` and `rival` with POD `blog`, each with something in every table; and names of nothing. */
export async function twoClients(dataSource: Database) {
  const nothing = ofClient('nobody', 'nowhere', '0');
  const acme = { ...ofClient('acme', 'shop', 'a') };
  const rival = { ...ofClient('rival', 'blog', 'b') };
  await new Inventory(dataSource).apply([podSpec(acme), podSpec(rival)], 'test');
  return { nothing, acme: await filled(dataSource, acme), rival: await filled(dataSource, rival) };
}

function podSpec({ pod, client }: ThingsOfClient): PodSpec {
  const server = { name: 's1', local: true, http: 'http://127.0.0.1:9' };
  return { name: pod, client, path: `/srv/${pod}`, servers: [server], state: { driver: 'tree' } };
}

async function filled(dataSource: Database, things: ThingsOfClient): Promise<ThingsOfClient> {
  const { client, pod, updateId, deploymentId, digest, keyId } = things;
  const updates = new Updates(dataSource);
  const now = new Date();
  const source = { kind: 'artifact', artifact: digest } as const;
  await updates.accept([
    acceptanceOf(
      anUpdate({
        ...{ id: updateId, deploymentId, client, pod, keyId, idempotencyKey: 'same', createdAt: now },
        ...{ source, requestDigest: digest },
      }),
    ),
  ]);
  await new PodPauses(dataSource).pause(pod, keyId);
  await dataSource.manager.insert(ResourceEntity, { client, name: 'storefront', pods: [pod], mode: null });
  await dataSource.query(
    `insert into coordinator.update_groups (id, mode, size) values ($1, 'together', 2)`,
    [updateId],
  );
  const manifest = validated(BundleManifest, {
    ...{ apiVersion: 'podway/v1', name: pod, version: '1' },
    components: [{ name: 'content', installer: 'archive' }],
  });
  const { manager } = dataSource;
  await manager.insert(ArtifactEntity, { client, digest, bytes: 1, manifest, createdAt: now, storedAt: now });
  await manager.insert(DeploymentEntity, {
    ...{
      id: deploymentId,
      updateId,
      client,
      pod,
      state: 'Installing',
      data: { canary: 's1' },
      leased: true,
      deadline: null,
    },
    ...{ version: 1, traceparent: 't', submittedAt: now, updatedAt: now, finishedAt: null },
  });
  await manager.insert(ReleaseEntity, {
    ...{ pod, number: 1, treeId: 'T', fingerprint: digest, artifact: digest, sourceRelease: null },
    ...{ deploymentId, label: null, publisher: keyId, createdAt: now },
  });
  await manager.insert(ServerStatusEntity, {
    ...{
      pod,
      server: 's1',
      release: 1,
      fingerprint: digest,
      quarantined: false,
      reason: null,
      updatedAt: now,
    },
  });
  await new ReleaseMarks(dataSource).mark(pod, 1, keyId, 'bad');
  await dataSource.query(
    `insert into ingress.comparisons (id, pod, asked_at, answer) values ($1, $2, now(), '{"tree": 1}')`,
    [updateId, pod],
  );
  await dataSource.query('insert into coordinator.drift_checks (pod, due_at) values ($1, now())', [pod]);
  await dataSource.query(
    `insert into coordinator.event_log (sequence, client, pod, deployment_id, type, envelope, created_at)
     select coalesce(max(sequence), 0) + 1, $1, $2, $3, 'a', jsonb_build_object('of', $1::text), now() from coordinator.event_log`,
    [client, pod, deploymentId],
  );
  await dataSource.query(
    'insert into ingress.sequences (client, pod, sequence, update_id) values ($1, $2, 7, $3)',
    [client, pod, updateId],
  );
  await dataSource.query(
    `insert into ingress.webhooks (id, client, url, format, secret, state, sequence, created_by, created_at)
     values ($1, $2, 'https://hooks.example', 'cloudevents', 's', 'active', 0, $3, now())`,
    [things.webhook, client, keyId],
  );
  await dataSource.query(
    `insert into ingress.webhook_deliveries
       (id, webhook_id, client, event_id, type, tries, duration_ms, first_tried_at, last_tried_at)
     values ($1, $2, $3, 'e', 'a', 1, 1, now(), now())`,
    [updateId, things.webhook, client],
  );
  await dataSource.query('insert into ingress.write_fences (pod, deployment_id) values ($1, $2)', [
    ...[pod, deploymentId],
  ]);
  await new Logs(dataSource).append({ deploymentId, client, pod }, [
    {
      ...{ server: 's1', step: 'Installing', part: 'a', run: 0, line: 0, level: 'info' },
      text: client,
      at: now,
    },
  ]);
  await new Rotation(dataSource).set(pod, new Map([['s1', false]]), 1);
  const key = await new SigningKeys(dataSource).add({
    client,
    publicKey: signingPair(client).known.publicKey,
  });
  return { ...things, signingKey: key.id };
}
