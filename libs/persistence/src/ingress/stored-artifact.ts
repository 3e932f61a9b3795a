import { IsNull, Not, type EntityManager } from 'typeorm';
import { ArtifactEntity } from '../entities/index.js';

/** An artifact that the client has stored, or null: also while its bytes are still on their way. */
export function storedArtifact(
  manager: EntityManager,
  client: string,
  digest: string,
): Promise<ArtifactEntity | null> {
  return manager.findOneBy(ArtifactEntity, { client, digest, storedAt: Not(IsNull()) });
}
