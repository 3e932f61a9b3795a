import type { DataSource } from 'typeorm';
import type { Identity } from './access.js';
import { ApiKeys } from './api-keys.js';
import { BrokerUsers } from './broker-users.js';
import { OidcTrusts } from './oidc-trusts.js';

/** Publishers by their id, whatever they came with: an API key, a token of a trusted issuer, or a user of the broker. */
export class Publishers {
  private readonly keys: ApiKeys;
  private readonly trusts: OidcTrusts;
  private readonly brokerUsers: BrokerUsers;

  constructor(dataSource: DataSource) {
    this.keys = new ApiKeys(dataSource);
    this.trusts = new OidcTrusts(dataSource);
    this.brokerUsers = new BrokerUsers(dataSource);
  }

  /** With all that it may do at this moment; undefined when it is revoked, expired or unknown, or its client disabled. */
  async byId(keyId: string): Promise<Identity | undefined> {
    if (BrokerUsers.isKeyId(keyId)) {
      const user = await this.brokerUsers.findByKeyId(keyId);
      return user ? this.brokerUsers.identity(user) : undefined;
    }
    return OidcTrusts.isKeyId(keyId) ? this.trusts.byKeyId(keyId) : this.keys.byId(keyId);
  }

  /** The client of a publisher that is in force or was; undefined when there never was one of that id. */
  async clientOf(keyId: string): Promise<string | undefined> {
    if (BrokerUsers.isKeyId(keyId)) return (await this.brokerUsers.findByKeyId(keyId))?.client;
    const row = await (OidcTrusts.isKeyId(keyId) ? this.trusts.find(keyId) : this.keys.find(keyId));
    return row?.client;
  }
}
