import type { DataSource } from 'typeorm';

/**
 * Who writes to an upload, over all gateways. A lease ends by itself when its holder does not renew it, so an upload
 * outlives a gateway that was killed in the middle of a request.
 */
export class UploadLeases {
  constructor(private readonly dataSource: DataSource) {}

  /** Takes the lease, or asks its holder to let go. False: try again in a moment. */
  async take(id: string, holder: string, leaseMs: number): Promise<boolean> {
    const [rows]: [unknown[]] = await this.dataSource.query(
      `update ingress.uploads
          set lease_holder = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond', release_asked = false
        where id = $1 and (lease_until is null or lease_until < clock_timestamp()) returning id`,
      [id, holder, leaseMs],
    );
    if (rows.length > 0) return true;
    await this.dataSource.query('update ingress.uploads set release_asked = true where id = $1', [id]);
    return false;
  }

  /** `wanted`: another request waits for the upload. `lost`: the lease is not the holder's any more. */
  async renew(id: string, holder: string, leaseMs: number): Promise<'held' | 'wanted' | 'lost'> {
    const [rows]: [{ release_asked: boolean }[]] = await this.dataSource.query(
      `update ingress.uploads set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
        where id = $1 and lease_holder = $2 and lease_until >= clock_timestamp() returning release_asked`,
      [id, holder, leaseMs],
    );
    const [row] = rows;
    return row ? (row.release_asked ? 'wanted' : 'held') : 'lost';
  }

  async release(id: string, holder: string): Promise<void> {
    await this.dataSource.query(
      `update ingress.uploads set lease_holder = null, lease_until = null, release_asked = false
        where id = $1 and lease_holder = $2`,
      [id, holder],
    );
  }
}
