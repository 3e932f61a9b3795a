import { createHash } from 'node:crypto';
import {
  AuthenticateUpdate,
  CanarySelected,
  commandsOf,
  ConfirmPod,
  envelop,
  InstallUpdate,
  parseMessage,
  PodConfirmed,
  PodResolved,
  ReleaseReplicated,
  ReplicateRelease,
  ResolvePod,
  SelectCanary,
  services,
  SnapshotTaken,
  TakeSnapshot,
  UpdateAuthenticated,
  UpdateInstalled,
  VerificationPassed,
  VerifyServer,
} from '@podway/contracts';
import { queueOf, routed } from '@podway/messaging';

const SERVERS = ['server-1', 'server-2', 'server-3', 'server-4'];
const [canary, ...replicas] = SERVERS;
const fingerprintOf = (text) => createHash('sha256').update(text).digest('hex');
const before = fingerprintOf('before');
const after = fingerprintOf('after');
const onRelease = SERVERS.map((name) => ({ name, result: 'switched', fingerprint: after }));

/** What a worker would answer that had nothing to do and succeeded. */
const answers = new Map([
  [AuthenticateUpdate, () => [UpdateAuthenticated, {}]],
  [ResolvePod, ({ publisher, target }) => [PodResolved, { client: publisher.client, pod: target.pod }]],
  [SelectCanary, () => [CanarySelected, { canary, replicas, podRevision: 1 }]],
  [TakeSnapshot, () => [SnapshotTaken, { snapshot: { server: canary, fingerprint: before } }]],
  [InstallUpdate, ({ deploymentId }) => [UpdateInstalled, { treeId: deploymentId, fingerprint: after }]],
  [VerifyServer, () => [VerificationPassed, { fingerprint: after, evidence: [] }]],
  [ReplicateRelease, () => [ReleaseReplicated, { servers: onRelease, bytesSent: 0 }]],
  [ConfirmPod, () => [PodConfirmed, { servers: onRelease, evidence: [] }]],
]);

/** Commands of a deployment that succeeds. */
export const COMMANDS = answers.size;

function outcomeTo({ definition, envelope, payload }) {
  const answer = answers.get(definition.payload);
  if (!answer) throw new Error(`No deployment that succeeds has a ${definition.name}`);
  const [type, more] = answer(payload);
  const { deploymentId, step, attempt } = payload;
  const outcome = Object.assign(new type(), { deploymentId, step, attempt }, more);
  return envelop(outcome, { source: definition.service, traceparent: envelope.traceparent });
}

/** Answers every command at once: reads it, publishes the outcome, then acks, as a real worker does. */
export async function answerCommands(broker) {
  for (const definition of services.flatMap(commandsOf)) {
    await broker.consume(queueOf(definition), { prefetch: 16 }, async ({ body }) => {
      await broker.publish(routed(outcomeTo(parseMessage(body))));
      return { kind: 'ack' };
    });
  }
}
