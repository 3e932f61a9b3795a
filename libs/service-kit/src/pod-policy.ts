import type { PodSpec } from '@podway/contracts';

/** Fewest servers that stay in rotation during an update. */
export function minInRotationOf(pod: PodSpec): number {
  return pod.policy?.minInRotation ?? (pod.servers.length > 1 ? 1 : 0);
}

/** What happens when some servers cannot take a release. */
export function onPartialFailureOf(pod: PodSpec): 'rollback-all' | 'quarantine' {
  return pod.policy?.onPartialFailure ?? 'rollback-all';
}

/** How long a drained server may finish running accesses, in milliseconds. */
export function drainTimeoutMsOf(pod: PodSpec): number {
  return pod.policy?.drainTimeoutMs ?? 10_000;
}

/** Whether users may not write while an update is under way. */
export function fencesWrites(pod: PodSpec): boolean {
  return pod.policy?.fenceWrites === true;
}

/** After how long without a word from Podway a changed server restores itself, in milliseconds. */
export function watchdogMsOf(pod: PodSpec): number {
  return pod.policy?.watchdogMs ?? 900_000;
}
