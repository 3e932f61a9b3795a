import { createHash } from 'node:crypto';
import { ulid } from 'ulid';
import { BundleManifest, validated, type QuotaLimits } from '@podway/contracts';
import type { Database } from '../src/data-source.js';
import type { NewArtifact } from '../src/ingress/artifact-records.js';

export const roomy: QuotaLimits = {
  ...{
    bytes: 1_000,
    artifacts: 100,
    files: 100,
    requestsPerMinute: 600,
    openUploads: 100,
    waitingUpdates: 100,
  },
};

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const manifest = validated(BundleManifest, {
  ...{ apiVersion: 'podway/v1', name: 'shop', version: '1' },
  components: [{ name: 'content', installer: 'archive' }],
});

export function artifactOf(client: string, text: string, bytes = 10): NewArtifact {
  return { client, digest: digestOf(text), bytes, manifest };
}

/** As if it had been stored and last used so long ago. */
export async function age(dataSource: Database, digest: string, ms: number): Promise<void> {
  await dataSource.query(
    `update ingress.artifacts set last_used_at = now() - $2 * interval '1 millisecond' where digest = $1`,
    [digest, ms],
  );
}

export async function insertPod(
  dataSource: Database,
  pod: string,
  client: string,
  keep?: number,
): Promise<void> {
  await dataSource.query(`insert into inventory.pods (name, client, revision) values ($1, $2, 1)`, [
    pod,
    client,
  ]);
  await dataSource.query(
    `insert into inventory.pod_revisions (pod, revision, spec, created_at, created_by) values ($1, 1, $2, now(), 'x')`,
    [pod, JSON.stringify({ name: pod, client, state: { driver: 'tree', ...(keep ? { keep } : {}) } })],
  );
}

export async function insertRelease(
  dataSource: Database,
  {
    pod,
    number,
    tree = `tree-${number}`,
    artifact,
  }: { pod: string; number: number; tree?: string; artifact: string },
): Promise<void> {
  await dataSource.query(
    `insert into coordinator.releases (pod, number, tree_id, fingerprint, artifact, deployment_id, publisher, created_at)
     values ($1, $2, $3, 'f', $4, $5, 'k', now())`,
    [pod, number, tree, artifact, ulid()],
  );
}

export async function insertDeploymentOf(
  dataSource: Database,
  state: string,
  source: object,
  { client = 'acme', pod = 'shop', updateId = ulid(), id = ulid() } = {},
): Promise<void> {
  await dataSource.query(
    `insert into coordinator.deployments
       (id, update_id, client, pod, state, data, traceparent, submitted_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, 't', now(), now())`,
    [id, updateId, client, pod, state, JSON.stringify({ source })],
  );
}
