import {
  CanaryHeld,
  CanaryLost,
  CanarySelected,
  CanaryUnavailable,
  HoldCanary,
  ConfirmPod,
  InstallFailed,
  InstallOnOthers,
  InstallUpdate,
  PodCommand,
  PodConfirmed,
  PodDiverged,
  PodResolved,
  PodUnresolved,
  ReleaseReplicated,
  ReplicateRelease,
  ReplicationFailed,
  RestoreFailed,
  RestoreSnapshot,
  SnapshotFailed,
  SnapshotRestored,
  SnapshotTaken,
  TakeSnapshot,
  UpdateAuthenticated,
  UpdateInstalled,
  UpdateRejected,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  VerifyServer,
  type ResolvePod,
  type ServerOutcome,
  type StepCommand,
  type StepOutcome,
} from '@podway/contracts';
import { promise, type Planted } from './planted.js';
import type { ModelPod, ModelServer } from './servers.js';

/** A worker at work. Each `yield` is a point at which it can be paused for long, or killed. No outcome: it was refused. */
export type Work = Generator<void, StepOutcome | undefined, void>;

/** How the step is to go: well, badly before it did anything, or badly after. */
export type Luck = 'good' | 'bad-before' | 'bad-after';

const trouble = { code: 'MODEL.BROKEN', detail: 'it broke' };

function told<T extends StepOutcome>(type: new () => T, command: StepCommand, facts: object = {}): T {
  const { deploymentId, step, attempt } = command;
  return Object.assign(new type(), { deploymentId, step, attempt }, facts);
}

/** What the worker of this command does. A command to a POD shows its token first: what is older has no say any more. */
export function* work(command: StepCommand, pod: ModelPod, luck: Luck, planted: Planted): Work {
  yield;
  if (!(command instanceof PodCommand)) return answer(command, luck);
  if (!planted.noFenceAtStart && !pod.fence(command.fencingToken)) return undefined;
  return yield* onPod(command, pod, luck, planted);
}

function onPod(command: PodCommand, pod: ModelPod, luck: Luck, planted: Planted): Work {
  if (command instanceof TakeSnapshot) return snapshotting(command, pod, luck, planted);
  if (command instanceof InstallUpdate) return installing(command, pod, luck, planted);
  if (command instanceof VerifyServer) return verifying(command, pod, luck);
  if (command instanceof HoldCanary) return holding(command, pod, luck);
  if (command instanceof ReplicateRelease) return replicating(command, pod, luck);
  if (command instanceof InstallOnOthers) return installingOnOthers(command, pod, luck, planted);
  if (command instanceof ConfirmPod) return confirming(command, pod, luck);
  if (command instanceof RestoreSnapshot) return restoring(command, pod, luck);
  return selecting(command, pod, luck);
}

function answer(command: StepCommand, luck: Luck): StepOutcome {
  if (command.step === 'Authenticating') {
    return luck === 'good' ? told(UpdateAuthenticated, command) : told(UpdateRejected, command, trouble);
  }
  const { pod } = (command as ResolvePod).target;
  return luck === 'good'
    ? told(PodResolved, command, { client: 'acme', pod })
    : told(PodUnresolved, command, trouble);
}

function* selecting(command: PodCommand, pod: ModelPod, luck: Luck): Work {
  yield;
  const canary = pod.canary();
  if (!canary || luck !== 'good') return told(CanaryUnavailable, command, trouble);
  const replicas = pod.servers.filter((server) => server !== canary).map(({ name }) => name);
  // One of the two PODs wants an approval.
  const approval = pod.name === 'q' ? { approvalTimeoutMs: 50_000 } : {};
  // Of each POD's deployments, some are installed on every server.
  const promotion = Number(command.deploymentId.slice(1)) % 2 === 1 ? { promotion: 'install' } : {};
  return told(CanarySelected, command, {
    ...{ canary: canary.name, replicas, podRevision: 1 },
    ...approval,
    ...promotion,
  });
}

function* snapshotting(command: TakeSnapshot, pod: ModelPod, luck: Luck, planted: Planted): Work {
  const { deploymentId, fencingToken } = command;
  const canary = pod.server(command.canary);
  yield;
  if (!pod.rotate(canary, fencingToken, false)) return undefined;
  yield;
  const touched = luck === 'bad-before' ? 'unreachable' : canary.touch(fencingToken);
  if (touched === 'refused') return undefined;
  if (touched === 'done' && luck === 'good') {
    if (!canary.snapshots.has(deploymentId)) canary.snapshots.set(deploymentId, canary.live);
    const treeId = canary.snapshots.get(deploymentId);
    return told(SnapshotTaken, command, {
      snapshot: { server: canary.name, treeId, fingerprint: `${treeId}` },
    });
  }
  yield;
  if (!pod.rotate(canary, fencingToken, true)) return undefined;
  // The same command may be running twice: the other one must not drain the canary again.
  if (!planted.noFenceAfterUndrain) pod.fence(fencingToken + 1);
  return told(SnapshotFailed, command, trouble);
}

function* installing(command: InstallUpdate, pod: ModelPod, luck: Luck, planted: Planted): Work {
  const { deploymentId, fencingToken, source } = command;
  const canary = pod.server(command.canary);
  const tree = source.treeId ?? deploymentId;
  yield;
  // A snapshot command that ran twice may have put the canary back.
  if (!planted.noDrainAtInstall && !pod.rotate(canary, fencingToken, false)) return undefined;
  yield;
  const touched = luck === 'bad-before' ? 'unreachable' : canary.touch(fencingToken);
  if (touched === 'refused') return undefined;
  if (touched === 'unreachable') return told(InstallFailed, command, trouble);
  canary.install(deploymentId, tree);
  yield;
  if (luck !== 'good') return told(InstallFailed, command, trouble);
  return told(UpdateInstalled, command, { treeId: tree, fingerprint: tree });
}

function* verifying(command: VerifyServer, pod: ModelPod, luck: Luck): Work {
  const canary = pod.server(command.canary);
  yield;
  if (!canary.reachable || luck === 'bad-before') return told(VerificationInconclusive, command, trouble);
  const right = luck === 'good' && canary.live === command.treeId;
  return right
    ? told(VerificationPassed, command, { fingerprint: command.fingerprint, evidence: [] })
    : told(VerificationFailed, command, trouble);
}

function* holding(command: HoldCanary, pod: ModelPod, luck: Luck): Work {
  yield;
  const touched = luck === 'good' ? pod.server(command.canary).touch(command.fencingToken) : 'unreachable';
  if (touched === 'refused') return undefined;
  return touched === 'done'
    ? told(CanaryHeld, command, { againInMs: 1_000 })
    : told(CanaryLost, command, trouble);
}

function* replicating(command: ReplicateRelease, pod: ModelPod, luck: Luck): Work {
  const { fencingToken, treeId } = command;
  const all = [command.canary, ...command.replicas].map((name) => pod.server(name));
  const lost: ModelServer[] = [];
  for (const server of all) {
    yield;
    const touched = luck === 'bad-before' ? 'unreachable' : server.touch(fencingToken);
    if (touched === 'refused') return undefined;
    if (touched === 'unreachable') lost.push(server);
    if (lost.length > 0 && pod.onPartialFailure === 'rollback-all') break;
  }
  const canaryLost = lost.some(({ name }) => name === command.canary);
  if (canaryLost || (lost.length > 0 && pod.onPartialFailure === 'rollback-all')) {
    return told(ReplicationFailed, command, { ...trouble, servers: outcomes(lost, 'failed') });
  }
  const switched: ModelServer[] = [];
  for (const server of all) {
    yield;
    if (!pod.rotate(server, fencingToken, false)) return undefined;
    if (lost.includes(server)) continue;
    const touched = server.touch(fencingToken);
    if (touched === 'refused') return undefined;
    if (touched === 'unreachable') {
      lost.push(server);
      if (pod.onPartialFailure === 'rollback-all' || server.name === command.canary) break;
      continue;
    }
    server.live = treeId;
    if (!pod.rotate(server, fencingToken, true)) return undefined;
    switched.push(server);
    if (luck === 'bad-after') break;
  }
  if (switched.length + lost.length < all.length || luck !== 'good') {
    return told(ReplicationFailed, command, { ...trouble, servers: outcomes(lost, 'failed') });
  }
  const servers = [...outcomes(switched, 'switched'), ...outcomes(lost, 'quarantined')];
  return told(ReleaseReplicated, command, { servers, bytesSent: 0 });
}

/** As replicating, but that each server runs the installer itself, out of rotation, before the canary's tree counts as its own. */
function* installingOnOthers(command: InstallOnOthers, pod: ModelPod, luck: Luck, planted: Planted): Work {
  const { deploymentId, fencingToken, treeId } = command;
  const canary = pod.server(command.canary);
  const others = command.replicas.map((name) => pod.server(name));
  const fails = (lost: ModelServer[]) =>
    told(ReplicationFailed, command, { ...trouble, servers: outcomes(lost, 'failed') });
  yield;
  const met = luck === 'bad-before' ? 'unreachable' : canary.touch(fencingToken);
  if (met === 'refused') return undefined;
  if (met === 'unreachable') return fails([canary]);
  for (const server of others) if (!pod.rotate(server, fencingToken, false)) return undefined;
  if (!pod.rotate(canary, fencingToken, true)) return undefined;
  const lost: ModelServer[] = [];
  const installed: ModelServer[] = [canary];
  for (const server of others) {
    yield;
    const touched = server.touch(fencingToken);
    if (touched === 'refused') return undefined;
    if (touched === 'unreachable') lost.push(server);
    else {
      server.install(deploymentId, treeId, planted.noMarkersOnOthers);
      installed.push(server);
    }
    if (luck === 'bad-after' || (lost.length > 0 && pod.onPartialFailure === 'rollback-all'))
      return fails(lost);
  }
  for (const server of installed) {
    yield;
    if (!pod.rotate(server, fencingToken, true)) return undefined;
  }
  const servers = [...outcomes(installed, 'switched'), ...outcomes(lost, 'quarantined')];
  return told(ReleaseReplicated, command, { servers, bytesSent: 0 });
}

function* confirming(command: ConfirmPod, pod: ModelPod, luck: Luck): Work {
  const wrong: ModelServer[] = [];
  for (const name of command.servers) {
    yield;
    const server = pod.server(name);
    const right = server.reachable && server.inRotation && server.live === command.treeId;
    if (!right || (luck !== 'good' && wrong.length === 0)) wrong.push(server);
  }
  const servers = pod.servers
    .filter(({ name }) => command.servers.includes(name))
    .map((server): ServerOutcome => ({
      name: server.name,
      result: wrong.includes(server) ? 'failed' : 'unchanged',
    }));
  return wrong.length > 0 || luck !== 'good'
    ? told(PodDiverged, command, { ...trouble, servers })
    : told(PodConfirmed, command, { servers, evidence: [] });
}

function* restoring(command: RestoreSnapshot, pod: ModelPod, luck: Luck): Work {
  const { fencingToken, snapshot } = command;
  promise(
    !pod.releases.some(({ treeId }) => treeId === command.treeId),
    `${command.treeId} is a kept release, and given up`,
  );
  const servers: ServerOutcome[] = [];
  for (const name of [command.canary, ...command.replicas]) {
    yield;
    const server = pod.server(name);
    const touched = luck === 'bad-before' ? 'unreachable' : server.touch(fencingToken);
    if (touched === 'refused') return undefined;
    if (touched === 'done') server.live = snapshot.treeId;
    if (!pod.rotate(server, fencingToken, touched === 'done')) return undefined;
    servers.push({ name, result: touched === 'done' ? 'restored' : 'quarantined' });
    if (luck === 'bad-after') break;
  }
  return luck === 'good'
    ? told(SnapshotRestored, command, { servers })
    : told(RestoreFailed, command, { ...trouble, servers });
}

function outcomes(servers: readonly ModelServer[], result: ServerOutcome['result']): ServerOutcome[] {
  return servers.map(({ name }) => ({ name, result }));
}
