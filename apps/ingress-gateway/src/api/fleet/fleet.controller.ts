import { Controller } from '@nestjs/common';
import { FleetQuery, FleetView } from '@podway/contracts';
import { FleetReader, visibleTo, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { QueryOf } from '../input/input.pipes.js';
import { cursorOf, fleetPodView } from './fleet.view.js';

const PAGE = 50;

/** All PODs at a glance. */
@Controller()
export class FleetController {
  constructor(private readonly fleet: FleetReader) {}

  @Endpoint({
    method: 'get',
    path: '/v1/fleet',
    operationId: 'getFleet',
    summary: 'The PODs that the caller may see, the worst first, and how many there are of each kind',
    role: 'viewer',
    query: FleetQuery,
    answer: { status: 200, description: 'A page of PODs.', json: FleetView },
    problems: [422],
  })
  async page(@Caller() caller: Identity, @QueryOf(FleetQuery) query: FleetQuery): Promise<FleetView> {
    const { show, find, limit = PAGE, after } = query;
    const [rank, name = ''] = after?.split('.') ?? [];
    const { totals, rows } = await this.fleet.page({
      visible: visibleTo(caller),
      show,
      find,
      after: rank === undefined ? undefined : { rank: Number(rank), name },
      // One more tells whether there is a next page.
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      totals,
      pods: page.map(fleetPodView),
      ...(rows.length > limit && last ? { next: cursorOf(last) } : {}),
    };
  }
}
