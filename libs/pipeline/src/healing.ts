import type { DriftAction, ServerFinding } from '@podway/contracts';

/** A server of a POD as a look has found it, and what is known of it besides. */
export interface SeenServer {
  readonly name: string;
  readonly finding: ServerFinding;
  readonly inRotation: boolean;
  readonly quarantined: boolean;
}

/** What decides whether servers are put back to the POD's release. */
export interface HealingFacts {
  readonly action: DriftAction;
  readonly servers: readonly SeenServer[];
  /** Fewest servers that stay in rotation. */
  readonly minInRotation: number;
  /** Deployments wait for the POD: they bring its servers to one state anyhow. */
  readonly queued: boolean;
  /** The release is marked bad: it is not deployed again. */
  readonly markedBad: boolean;
  /** Heals so far after which servers still were not as they should be. */
  readonly healsInVain: number;
  readonly maxHeals: number;
}

export interface HealingDecision {
  /** Servers that the update to the POD's own release is for. Empty: there is none. */
  readonly heal: readonly string[];
  /** Out of rotation at once: enough others serve. */
  readonly quarantine: readonly string[];
  readonly healsInVain: number;
  /** Why servers that need it are not healed. */
  readonly stopped?: string;
}

/**
 * Whether to begin an update whose source is the POD's own release. It is for servers in rotation that have drifted,
 * where the policy says `heal`, and always for those that are out of rotation and can be reached again: they came back or
 * joined, and enter rotation proved or not at all.
 *
 * It needs a server that holds the release as it was proved. Heals that do not help end after `maxHeals` in a row.
 */
export function decideHealing(facts: HealingFacts): HealingDecision {
  const { servers, healsInVain, maxHeals } = facts;
  const wanting = servers.filter((server) => needsHealing(server, facts.action));
  const nothing = { heal: [], quarantine: [] } as const;
  if (wanting.length === 0) {
    const settled = servers.every(({ finding }) => finding === 'in-sync');
    return { ...nothing, healsInVain: settled ? 0 : healsInVain };
  }
  const stopped = whyNot(facts);
  if (stopped !== undefined) return { ...nothing, healsInVain, stopped };
  // Whoever waits brings the servers to one state; when they have not, it is time again.
  if (facts.queued) return { ...nothing, healsInVain };
  if (healsInVain >= maxHeals) {
    const stopped = `healed ${healsInVain} times in a row, and it did not help`;
    return { ...nothing, healsInVain, stopped };
  }
  const heal = wanting.map(({ name }) => name);
  return { heal, quarantine: toKeepOut(facts), healsInVain: healsInVain + 1 };
}

const serves = ({ inRotation, quarantined }: SeenServer): boolean => inRotation && !quarantined;

function needsHealing(server: SeenServer, action: DriftAction): boolean {
  if (server.finding !== 'in-sync' && server.finding !== 'drifted') return false;
  if (!serves(server)) return action !== 'off';
  return server.finding === 'drifted' && action === 'heal';
}

function whyNot({ servers, markedBad }: HealingFacts): string | undefined {
  if (markedBad) return 'the release is marked bad: publish another one';
  const sound = servers.some(({ finding, quarantined }) => finding === 'in-sync' && !quarantined);
  return sound ? undefined : 'no server holds the release as it was proved: publish it again';
}

/** Drifted servers in rotation, as many as the POD can do without. */
function toKeepOut({ action, servers, minInRotation }: HealingFacts): string[] {
  if (action !== 'heal') return [];
  const sound = servers.filter((server) => serves(server) && server.finding === 'in-sync').length;
  if (sound < Math.max(1, minInRotation)) return [];
  return servers.filter((server) => serves(server) && server.finding === 'drifted').map(({ name }) => name);
}
