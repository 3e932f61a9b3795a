import type { DataSource } from 'typeorm';
import type { BundleManifest } from '@podway/contracts';
import type { OutgoingMessage } from '@podway/messaging';
import { ArtifactEntity, UpdateEntity } from '../entities/index.js';
import { addToOutbox } from '../outbox/outbox.js';

/** The gateway's records: accepted updates and the manifests of stored artifacts. */
export class Updates {
  constructor(private readonly dataSource: DataSource) {}

  byId(id: string): Promise<UpdateEntity | null> {
    return this.dataSource.manager.findOneBy(UpdateEntity, { id });
  }

  /** The update that started this deployment, or null. */
  byDeployment(deploymentId: string): Promise<UpdateEntity | null> {
    return this.dataSource.manager.findOneBy(UpdateEntity, { deploymentId });
  }

  /** The update that this key published under this idempotency key, or null. */
  byIdempotencyKey(keyId: string, idempotencyKey: string): Promise<UpdateEntity | null> {
    return this.dataSource.manager.findOneBy(UpdateEntity, { keyId, idempotencyKey });
  }

  /**
   * Accepts an update: the record and the message that starts its deployment, in one transaction.
   * When another request with the same idempotency key was faster, nothing is written and its record is returned.
   */
  async accept(update: UpdateEntity, submitted: OutgoingMessage): Promise<UpdateEntity> {
    return this.dataSource.transaction(async (manager) => {
      const insert = manager.createQueryBuilder().insert().into(UpdateEntity).values(update).returning('id');
      const { keyId, idempotencyKey } = update;
      const written = await (idempotencyKey === null ? insert : insert.orIgnore()).execute();
      if ((written.raw as unknown[]).length === 0 && idempotencyKey !== null) {
        return manager.findOneByOrFail(UpdateEntity, { keyId, idempotencyKey });
      }
      await addToOutbox(manager, 'ingress', [submitted]);
      return update;
    });
  }

  /** Sends a message about a deployment, such as AbortRequested, once it is safe in the outbox. */
  async send(message: OutgoingMessage): Promise<void> {
    await addToOutbox(this.dataSource.manager, 'ingress', [message]);
  }

  /** Remembers that this client has stored this artifact. */
  async keepArtifact(artifact: ArtifactEntity): Promise<void> {
    await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(ArtifactEntity)
      .values(artifact)
      .orIgnore()
      .execute();
  }

  artifact(client: string, digest: string): Promise<ArtifactEntity | null> {
    return this.dataSource.manager.findOneBy(ArtifactEntity, { client, digest });
  }

  /** The manifest of an artifact, whoever stored it. For workers: who may use it was decided before. */
  async manifest(digest: string): Promise<BundleManifest | undefined> {
    const row = await this.dataSource.manager.findOneBy(ArtifactEntity, { digest });
    return row?.manifest;
  }
}
