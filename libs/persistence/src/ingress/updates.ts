import type { DataSource, EntityManager } from 'typeorm';
import type { BundleManifest } from '@podway/contracts';
import type { OutgoingMessage } from '@podway/messaging';
import { ArtifactEntity, UpdateEntity } from '../entities/index.js';
import { recordAudit, type AuditFacts } from '../audit/audit-scope.js';
import { addToOutbox } from '../outbox/outbox.js';
import { highestSequence, raiseSequence } from './sequences.js';
import { leavingTenant } from '../tenancy/tenant.js';
import { storedArtifact } from './stored-artifact.js';
import { refuseFullQueue } from './queue-depth.js';

/** One deployment of an update that is to be accepted. */
export interface Acceptance {
  readonly update: UpdateEntity;
  /** The message that starts the deployment. */
  readonly submitted: OutgoingMessage;
  /** Most updates that may wait for its POD. */
  readonly queueDepth: number;
  /** Number of the bad release that it is deployed against, with force. */
  readonly forced?: number;
}

/** The gateway's records: accepted updates and the manifests of stored artifacts. */
export class Updates {
  constructor(private readonly dataSource: DataSource) {}

  /** A row for each deployment of the update, in the order of its PODs; none for an update that is not known. */
  byId(id: string): Promise<UpdateEntity[]> {
    return updateRows(this.dataSource.manager, id);
  }

  /** The update that started this deployment, or null. */
  byDeployment(deploymentId: string): Promise<UpdateEntity | null> {
    return this.dataSource.manager.findOneBy(UpdateEntity, { deploymentId });
  }

  /** The update that this key published under this idempotency key: its rows, or none. */
  byIdempotencyKey(keyId: string, idempotencyKey: string): Promise<UpdateEntity[]> {
    return rowsOfKey(this.dataSource.manager, keyId, idempotencyKey);
  }

  /**
   * Accepts an update: its records and the messages that start its deployments, in one transaction.
   * When another request with the same idempotency key was faster, nothing is written and its records are returned.
   * A signed update raises the sequences of its PODs in the same transaction.
   * `admit` may refuse it, in the same transaction and beyond the tenant.
   * @throws QueueFullError when too many wait for one of its PODs; SignatureRefusedError SIGNATURE.SEQUENCE_USED
   */
  async accept(
    acceptances: readonly Acceptance[],
    admit: (manager: EntityManager) => Promise<void> = async () => undefined,
  ): Promise<UpdateEntity[]> {
    const [first, ...others] = acceptances.map(({ update }) => update);
    if (!first) throw new TypeError('An update has at least one POD');
    return this.dataSource.transaction(async (manager) => {
      await leavingTenant(manager, () => admit(manager));
      const { keyId, idempotencyKey } = first;
      const insert = manager.createQueryBuilder().insert().into(UpdateEntity).values(first).returning('id');
      const written = await (idempotencyKey === null ? insert : insert.orIgnore()).execute();
      if ((written.raw as unknown[]).length === 0 && idempotencyKey !== null) {
        return rowsOfKey(manager, keyId, idempotencyKey);
      }
      for (const other of others) await manager.insert(UpdateEntity, other);
      // By name, so that two updates of the same PODs never wait for each other.
      for (const { update, queueDepth } of acceptances.toSorted(byPod)) {
        await refuseFullQueue(manager, update.pod, queueDepth);
        await raiseSequence(manager, update);
      }
      await addToOutbox(
        manager,
        'ingress',
        acceptances.map(({ submitted }) => submitted),
      );
      for (const { update, forced } of acceptances) await recordAudit(manager, auditFacts(update, forced));
      return [first, ...others];
    });
  }

  /** Sends a message about a deployment, such as AbortRequested, once it is safe in the outbox. */
  async send(message: OutgoingMessage): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await addToOutbox(manager, 'ingress', [message]);
      const { subject: about, deploymentid } = message.envelope;
      const [client, pod] = about?.split('/') ?? [];
      await recordAudit(manager, {
        ...(client === undefined ? {} : { client }),
        subject: `deployment/${deploymentid}`,
        detail: { pod },
      });
    });
  }

  /** The highest sequence of a signed update that was accepted for this POD; 0: none was. */
  highestSequence(client: string, pod: string): Promise<number> {
    return highestSequence(this.dataSource.manager, client, pod);
  }

  /** An artifact that the client has stored, or null. */
  artifact(client: string, digest: string): Promise<ArtifactEntity | null> {
    return storedArtifact(this.dataSource.manager, client, digest);
  }

  /** The manifest of an artifact, whoever stored it. For workers: who may use it was decided before. */
  async manifest(digest: string): Promise<BundleManifest | undefined> {
    const row = await this.dataSource.manager.findOneBy(ArtifactEntity, { digest });
    return row?.manifest;
  }
}

function updateRows(manager: EntityManager, id: string): Promise<UpdateEntity[]> {
  return manager.find(UpdateEntity, { where: { id }, order: { position: 'ASC' } });
}

async function rowsOfKey(
  manager: EntityManager,
  keyId: string,
  idempotencyKey: string,
): Promise<UpdateEntity[]> {
  const first = await manager.findOneBy(UpdateEntity, { keyId, idempotencyKey, position: 0 });
  return first ? updateRows(manager, first.id) : [];
}

function byPod(a: Acceptance, b: Acceptance): number {
  return a.update.pod < b.update.pod ? -1 : 1;
}

function auditFacts(
  { id, deploymentId, client, pod, source, sequence, statement }: UpdateEntity,
  forced: number | undefined,
): AuditFacts {
  const signedBy = statement?.signatures.map(({ keyid }) => keyid);
  const signed = statement ? { sequence, signedBy } : {};
  const against = forced === undefined ? {} : { force: true, badRelease: forced };
  return {
    client,
    subject: `pod/${pod}`,
    detail: { updateId: id, deploymentId, source: { ...source }, ...signed, ...against },
  };
}
