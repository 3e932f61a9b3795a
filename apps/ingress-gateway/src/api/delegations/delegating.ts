import { Injectable } from '@nestjs/common';
import { InvalidInputError, type DelegationView, type NewDelegationRequest } from '@podway/contracts';
import {
  Clients,
  Delegations,
  EVERY_CLIENT,
  Inventory,
  Publishers,
  type DelegationEntity,
} from '@podway/persistence';
import { NotFoundError } from '../problems/api.errors.js';

/** Makes delegations that mean something: of PODs that are the client's, to somebody else, for a time to come. */
@Injectable()
export class Delegating {
  constructor(
    private readonly delegations: Delegations,
    private readonly clients: Clients,
    private readonly publishers: Publishers,
    private readonly inventory: Inventory,
  ) {}

  async delegate(request: NewDelegationRequest): Promise<DelegationView> {
    const { client, pods, rights, note } = request;
    const { from, until } = timeOf(request);
    await this.refuseUnknown(client);
    const to = await this.thirdParty(request);
    for (const pod of pods) {
      if ((await this.inventory.current(pod))?.spec.client !== client) throw new NotFoundError('pod', pod);
    }
    const delegation = { client, pods, to, rights, from, until, ...(note === undefined ? {} : { note }) };
    return delegationView(await this.delegations.create(delegation));
  }

  private async thirdParty(request: NewDelegationRequest): Promise<{ client: string } | { key: string }> {
    const { client, toClient, toKey } = request;
    const whose = toKey === undefined ? toClient : await this.publishers.clientOf(toKey);
    if (whose === undefined) throw new NotFoundError('key', toKey ?? '');
    if (whose === client) refuse('the third party is the client itself');
    if (whose === EVERY_CLIENT) refuse('toKey: the hosting service needs no delegation');
    if (toKey !== undefined) return { key: toKey };
    await this.refuseUnknown(whose);
    return { client: whose };
  }

  private async refuseUnknown(client: string): Promise<void> {
    if (!(await this.clients.byName(client))) throw new NotFoundError('client', client);
  }
}

function timeOf(request: NewDelegationRequest): { from: Date; until: Date } {
  const from = request.from === undefined ? new Date() : new Date(request.from);
  const until = new Date(request.until);
  if (until <= from) refuse('until: must be after its beginning');
  if (until.getTime() <= Date.now()) refuse('until: is over already');
  return { from, until };
}

function refuse(problem: string): never {
  throw new InvalidInputError('The body', [problem]);
}

export function delegationView(delegation: DelegationEntity): DelegationView {
  const { id, client, pods, toClient, toKey, rights, startsAt, endsAt, note, createdAt, revokedAt } =
    delegation;
  return {
    ...{ id, client, pods },
    ...(toClient === null ? {} : { toClient }),
    ...(toKey === null ? {} : { toKey }),
    rights,
    from: startsAt.toISOString(),
    until: endsAt.toISOString(),
    ...(note === null ? {} : { note }),
    createdAt: createdAt.toISOString(),
    ...(revokedAt ? { revokedAt: revokedAt.toISOString() } : {}),
  };
}
