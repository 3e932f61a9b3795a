import {
  deploymentStates,
  type OperationsView,
  type StageTimesView,
  type WorkerView,
} from '@podway/contracts';
import type { Census, StageTimes, WorkerRow } from '@podway/persistence';

const msOf = (seconds: number): number => Math.max(0, Math.round(seconds * 1_000));

/** Where deployments are now, and how long those that ended took there; in the order of the saga. */
export function stagesOf(running: Census['running'], times: readonly StageTimes[]): StageTimesView[] {
  return deploymentStates.flatMap((stage) => {
    const here = running.find(({ state }) => state === stage);
    const took = times.find((one) => one.stage === stage);
    if (!here && !took) return [];
    return {
      stage,
      now: here?.count ?? 0,
      ...(here ? { oldestMs: msOf(here.ageS) } : {}),
      left: took?.left ?? 0,
      ...(took ? { p50Ms: took.p50Ms, p95Ms: took.p95Ms } : {}),
    };
  });
}

export function waitingOf(waiting: Census['waiting']): OperationsView['waiting'] {
  return {
    updates: waiting.reduce((sum, { count }) => sum + count, 0),
    pods: waiting.length,
    oldestMs: msOf(Math.max(0, ...waiting.map(({ ageS }) => ageS))),
  };
}

export function outboxesOf(outboxes: Census['outboxes']): OperationsView['outboxes'] {
  return outboxes.map(({ outbox, count, ageS }) => ({ outbox, count, oldestMs: msOf(ageS) }));
}

export function workerView({ startedAt, seenAt, ...row }: WorkerRow): WorkerView {
  return { ...row, startedAt: startedAt.toISOString(), seenAt: seenAt.toISOString() };
}
