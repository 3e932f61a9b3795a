import { UpdateSubmitted, type DeploymentState, type MessageClass, type Step } from '@podway/contracts';
import { stepOf } from '../src/entering.js';
import type { DecisionContext } from '../src/decision.js';
import type { OutcomeName, Outcomes } from '../src/inputs.js';
import type { SagaState } from '../src/saga-state.js';

/** A deployment on a POD of three servers, and messages for it, to write cases with. */
export const deploymentId = '01JD0000000000000000000DEP';
export const oldTree = '01JD0000000000000000000DRD';
const hash = (digit: string) => digit.repeat(64);

export const now = new Date('2026-01-01T12:00:00.000Z');
export const passed = '2026-01-01T11:59:59.000Z';
export const ahead = '2026-01-01T12:00:01.000Z';
export const context: DecisionContext = { now, fencingToken: 50, release: 7 };
export const snapshot = { server: 'web-1', treeId: oldTree, fingerprint: hash('a') };

export const submitted: UpdateSubmitted = Object.assign(new UpdateSubmitted(), {
  updateId: '01JD0000000000000000000VPD',
  deploymentId,
  publisher: { key: 'key-1', client: 'acme' },
  source: { kind: 'artifact', artifact: hash('b') },
  target: { pod: 'shop' },
  label: 'shop 1.4.0',
  submittedAt: '2026-01-01T11:00:00.000Z',
} as const);

/** The deployment in a state, having gone the straight way there, with one attempt at each step. */
export function at(name: DeploymentState, changes: Partial<SagaState> = {}): SagaState {
  const step = stepOf(name);
  return Object.freeze({
    ...{ ...submitted },
    name,
    enteredAt: '2026-01-01T11:59:00.000Z',
    ...(step ? { attempt: 1, tries: 1, deadline: ahead } : { attempt: 0, tries: 0 }),
    attempts: step ? { [step]: 1 } : {},
    fencingToken: 40,
    ...{ client: 'acme', pod: 'shop', podRevision: 3, canary: 'web-1', replicas: ['web-2', 'web-3'] },
    ...{ snapshot, treeId: deploymentId, fingerprint: hash('c') },
    ...{ servers: [], quarantined: [] },
    ...changes,
  });
}

const facts: { [name in OutcomeName]?: object } = {
  PodResolved: { client: 'acme', pod: 'shop' },
  CanarySelected: { canary: 'web-1', replicas: ['web-2', 'web-3'], podRevision: 3 },
  SnapshotTaken: { snapshot },
  UpdateInstalled: { treeId: deploymentId, fingerprint: hash('c') },
  VerificationPassed: { fingerprint: hash('c'), evidence: [] },
  VerificationFailed: { evidence: [] },
  VerificationInconclusive: { evidence: [] },
  CanaryHeld: { againInMs: 300_000 },
  ReleaseReplicated: { servers: [], bytesSent: 1 },
  ReplicationFailed: { servers: [] },
  PodConfirmed: { servers: [], evidence: [] },
  PodDiverged: { servers: [], evidence: [] },
  SnapshotRestored: { servers: [] },
  RestoreFailed: { servers: [] },
};

/** An outcome of a step; a failing one has the code `TEST.BROKEN`. */
export function told<T extends Outcomes[OutcomeName]>(
  type: MessageClass<T>,
  step: Step,
  attempt = 1,
  changes: Partial<T> = {},
): T {
  const failing = { code: 'TEST.BROKEN', detail: 'it broke' };
  const own = facts[type.name as OutcomeName];
  const isFailure = /Failed|Rejected|Unresolved|Unavailable|Inconclusive|Lost|Diverged/.test(type.name);
  return Object.assign(new type(), {
    ...{ deploymentId, step, attempt },
    ...(isFailure ? failing : {}),
    ...own,
    ...changes,
  });
}
