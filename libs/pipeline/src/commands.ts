import {
  InstallOnOthers,
  PodCommand,
  type AuthenticateUpdate,
  type ConfirmPod,
  type HoldCanary,
  type InstallUpdate,
  type MessageClass,
  type PodCommand as PodCommandFields,
  type PromotionCommand,
  type ResolvePod,
  type RestoreSnapshot,
  type SelectCanary,
  type Step,
  type StepCommand,
  type TakeSnapshot,
  type VerifyServer,
} from '@podway/contracts';
import { IncompleteStateError } from './pipeline.errors.js';
import { circumstancesOf, serversToConfirm, touchedReplicas, type SagaState } from './saga-state.js';
import { sagaTable, type SagaRow } from './saga-table.js';

type Known = Required<Pick<SagaState, 'client' | 'pod' | 'canary' | 'snapshot' | 'treeId' | 'fingerprint'>>;
type Payload<T extends StepCommand> = Omit<T, keyof StepCommand>;
type PodPayload<T extends PodCommandFields> = Omit<T, keyof PodCommandFields>;

/** Reads a part of the state that an earlier step has put there. */
function known<K extends keyof Known>(state: SagaState, key: K): Known[K] {
  const value = state[key];
  if (value === undefined) throw new IncompleteStateError(state.deploymentId, state.name, key);
  return value as Known[K];
}

const canary = (state: SagaState): string => known(state, 'canary');
const snapshot = (state: SagaState): Known['snapshot'] => known(state, 'snapshot');
const installed = (state: SagaState) => ({
  treeId: known(state, 'treeId'),
  fingerprint: known(state, 'fingerprint'),
});

/** What each step's command says besides what all commands say. */
const payloads = {
  Authenticating: ({ publisher, source, target, statement }): Payload<AuthenticateUpdate> => ({
    publisher,
    source,
    target,
    ...(statement === undefined ? {} : { statement }),
  }),
  Resolving: ({ publisher, target }): Payload<ResolvePod> => ({ publisher, target }),
  SelectingCanary: (): PodPayload<SelectCanary> => ({}),
  Snapshotting: (state): PodPayload<TakeSnapshot> => ({ canary: canary(state) }),
  Installing: (state): PodPayload<InstallUpdate> => ({
    canary: canary(state),
    source: state.source,
    snapshot: snapshot(state),
  }),
  Verifying: (state): PodPayload<VerifyServer> => ({
    canary: canary(state),
    source: state.source,
    ...installed(state),
  }),
  AwaitingCanaries: (state): PodPayload<HoldCanary> => ({ canary: canary(state) }),
  AwaitingApproval: (state): PodPayload<HoldCanary> => ({ canary: canary(state) }),
  Replicating: (state): PodPayload<PromotionCommand> | PodPayload<InstallOnOthers> => ({
    canary: canary(state),
    replicas: [...(state.replicas ?? [])],
    snapshot: snapshot(state),
    ...installed(state),
    ...(state.source.acceptLoss === true ? { acceptLoss: true } : {}),
    ...(commandTypeOf(state, 'Replicating') === InstallOnOthers ? { source: state.source } : {}),
  }),
  Confirming: (state): PodPayload<ConfirmPod> => ({
    servers: serversToConfirm(state),
    expected: 'release',
    source: state.source,
    ...installed(state),
  }),
  RollingBack: (state): PodPayload<RestoreSnapshot> => ({
    canary: canary(state),
    replicas: touchedReplicas(state),
    snapshot: snapshot(state),
    // Only the tree that this deployment made is given up; a kept release that was gone back to stays kept.
    ...(state.source.kind === 'artifact' ? { treeId: state.deploymentId } : {}),
    ...(state.acceptLoss ? { acceptLoss: true } : {}),
  }),
  ConfirmingRollback: (state): PodPayload<ConfirmPod> => ({
    servers: serversToConfirm(state),
    expected: 'snapshot',
    treeId: snapshot(state).treeId,
    fingerprint: snapshot(state).fingerprint,
  }),
} satisfies Record<Step, (state: SagaState) => object>;

/** Which command the step sends, in the deployment's circumstances. */
function commandTypeOf(state: SagaState, step: Step): MessageClass<StepCommand> | undefined {
  const { command, commandInstead }: SagaRow = sagaTable[step];
  const [other] = circumstancesOf(state).flatMap((circumstance) => commandInstead?.[circumstance] ?? []);
  return other ?? command;
}

/** The command of the state that the deployment is in. Throws {@link IncompleteStateError} when something is missing. */
export function commandOf(state: SagaState, step: Step): StepCommand {
  const type = commandTypeOf(state, step);
  if (!type || state.deadline === undefined) {
    throw new IncompleteStateError(state.deploymentId, step, type ? 'deadline' : 'a command in the table');
  }
  const command = Object.assign(new type(), {
    deploymentId: state.deploymentId,
    step,
    attempt: state.attempt,
    deadline: state.deadline,
    ...payloads[step](state),
  });
  return command instanceof PodCommand ? leased(state, command) : command;
}

function leased(state: SagaState, command: PodCommand): PodCommand {
  if (state.fencingToken === undefined) {
    throw new IncompleteStateError(state.deploymentId, state.name, 'fencingToken');
  }
  return Object.assign(command, {
    client: known(state, 'client'),
    pod: known(state, 'pod'),
    podRevision: state.podRevision ?? 1,
    fencingToken: state.fencingToken,
  });
}
