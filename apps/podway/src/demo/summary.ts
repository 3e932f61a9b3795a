import type { DeploymentDetailView, PodDetailView } from '@podway/contracts';
import type { Accesses } from './visitors.js';

export interface DemoDeployment {
  id: string;
  update: string;
  state: string;
  durationMs: number;
  servers: { name: string; release: number | null; fingerprint: string | null; inRotation: boolean }[];
}

/** What the demo prints with `--json` as its last line. */
export interface DemoSummary {
  deployments: DemoDeployment[];
  accesses: Accesses;
}

/** A deployment, and the POD's servers as they were right after it. */
export function demoDeployment(deployment: DeploymentDetailView, pod: PodDetailView): DemoDeployment {
  return {
    id: deployment.id,
    update: deployment.label ?? '',
    state: deployment.state,
    durationMs: Date.parse(deployment.finishedAt ?? '') - Date.parse(deployment.submittedAt),
    servers: pod.servers.map((server) => ({
      name: server.name,
      release: server.release ?? null,
      fingerprint: server.fingerprint ?? null,
      inRotation: server.inRotation,
    })),
  };
}

/** What is not as the demo promises. Empty: all is. */
export function shortcomings({ deployments, accesses }: DemoSummary): string[] {
  const [good, broken] = deployments;
  const problems: string[] = [];
  if (good?.state !== 'Succeeded') problems.push(`the good update ended as ${good?.state}`);
  if (broken?.state !== 'RolledBack') problems.push(`the broken update ended as ${broken?.state}`);
  for (const deployment of deployments) {
    const fingerprints = new Set(deployment.servers.map((server) => server.fingerprint));
    if (fingerprints.size !== 1 || fingerprints.has(null))
      problems.push(`the servers differ after ${deployment.update}`);
    if (deployment.servers.some((server) => !server.inRotation)) {
      problems.push(`a server is out of rotation after ${deployment.update}`);
    }
  }
  if (good?.servers[0]?.fingerprint !== broken?.servers[0]?.fingerprint) {
    problems.push('the roll-back did not lead back to the good release');
  }
  if (accesses.total === 0) problems.push('no visitor came');
  if (accesses.failed > 0) problems.push(`${accesses.failed} accesses failed`);
  if (accesses.brokenSeen > 0) problems.push(`visitors saw the broken release ${accesses.brokenSeen} times`);
  return problems;
}

/** The summary for people. */
export function summaryText(summary: DemoSummary): string {
  const lines = summary.deployments.flatMap((deployment) => [
    `${deployment.update}: ${deployment.state} in ${(deployment.durationMs / 1000).toFixed(1)} s`,
    ...deployment.servers.map((server) => {
      const rotation = server.inRotation ? 'in rotation' : 'out of rotation';
      return `  ${server.name}  release ${server.release ?? '-'}  ${(server.fingerprint ?? '-').slice(0, 16)}  ${rotation}`;
    }),
  ]);
  const { total, failed, brokenSeen } = summary.accesses;
  return [
    ...lines,
    `visitors: ${total} accesses, ${failed} failed, ${brokenSeen} saw the broken release`,
  ].join('\n');
}
