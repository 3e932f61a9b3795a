import {
  PodwayError,
  type DiagnosedServerView,
  type DiagnosePod,
  type DiagnosisView,
  type FindingView,
  type PodSpec,
  type ServerSpec,
} from '@podway/contracts';
import type { Comparisons } from '@podway/persistence';
import type { LookWork, PodServers } from '@podway/service-kit';
import { inParallel, serverFacts, type ServerFacts } from '@podway/state';
import { podFindings, serverFindings, type SeenServer } from './findings-of.js';
import { needsOf, type Needs } from './needs-of.js';

/** Servers of one POD that are looked at together. */
const SERVERS_AT_ONCE = 16;
const HTTP_TIMEOUT_MS = 5_000;
const ORDER = ['error', 'warning', 'notice'] as const;

/** Are the POD's servers fit for an update? Looks from where SSH keys are, and changes nothing: docs/adr/0025-doctor.md */
export class Diagnosing implements LookWork<DiagnosePod> {
  constructor(
    private readonly servers: Pick<PodServers, 'pod' | 'connectAfresh'>,
    private readonly answers: Pick<Comparisons, 'answer'>,
  ) {}

  async look(command: DiagnosePod): Promise<undefined> {
    try {
      const pod = await this.servers.pod(command);
      await this.answers.answer(command.lookId, { answer: await this.diagnosis(pod) });
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      await this.answers.answer(command.lookId, { code: error.code, detail: error.message });
    }
    return undefined;
  }

  private async diagnosis(pod: PodSpec): Promise<DiagnosisView> {
    const needs = needsOf(pod);
    const seen = new Map<string, SeenServer>();
    await inParallel(pod.servers, SERVERS_AT_ONCE, async (spec) => {
      seen.set(spec.name, await this.seen(pod, spec, needs));
    });
    const all = pod.servers.flatMap(({ name }) => seen.get(name) ?? []);
    const found = [...podFindings(pod, all), ...all.flatMap((one) => serverFindings(one, needs))];
    const findings = ORDER.flatMap((severity) => found.filter((one) => one.severity === severity));
    return { pod: pod.name, fit: isFit(findings), servers: all.map(serverView), findings };
  }

  private async seen(pod: PodSpec, spec: ServerSpec, needs: Needs): Promise<SeenServer> {
    const path = spec.path ?? pod.path;
    const [told, silence] = await Promise.all([this.told(pod, spec.name, path, needs), silenceOf(spec.http)]);
    return { spec, path, ...told, ...(silence === undefined ? {} : { silence }) };
  }

  private async told(
    pod: PodSpec,
    name: string,
    path: string,
    needs: Needs,
  ): Promise<Pick<SeenServer, 'facts' | 'clockSkewMs'>> {
    try {
      const { session } = await this.servers.connectAfresh(pod, name);
      try {
        const before = Date.now();
        const programs = [...needs.programs.keys()];
        const facts = await serverFacts(session, { path, programs, files: [...needs.files.keys()] });
        return { facts, ...skewOf(facts, before, Date.now()) };
      } finally {
        await session.close();
      }
    } catch (error) {
      if (error instanceof PodwayError) return { facts: error };
      throw error;
    }
  }
}

function isFit(findings: readonly FindingView[]): boolean {
  return findings.every(({ severity }) => severity !== 'error');
}

/** The server told whole seconds, at some time between the two. */
function skewOf({ now }: ServerFacts, before: number, after: number): { clockSkewMs?: number } {
  if (now === undefined) return {};
  if (now + 1_000 < before) return { clockSkewMs: now + 1_000 - before };
  return { clockSkewMs: Math.max(0, now - after) };
}

/** Why nothing answers there. Any answer is one: without a release, `404` is right. */
async function silenceOf(address: string): Promise<string | undefined> {
  try {
    const response = await fetch(address, {
      ...{ method: 'GET', redirect: 'manual', headers: { connection: 'close' } },
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return undefined;
  } catch (error) {
    const { name, message, cause } = error as Error;
    if (name === 'TimeoutError') return `no answer within ${HTTP_TIMEOUT_MS} ms`;
    return (cause instanceof Error ? cause.message : message) || message;
  }
}

function serverView({ spec, facts, clockSkewMs, silence }: SeenServer): DiagnosedServerView {
  const view = { name: spec.name, answers: silence === undefined };
  if (facts instanceof PodwayError) return { ...view, reached: false };
  const { user, diskFreeMb, bootHook } = facts;
  return {
    ...{ ...view, reached: true },
    ...(user === undefined ? {} : { user }),
    ...(diskFreeMb === undefined ? {} : { diskFreeMb }),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
    ...(bootHook === undefined ? {} : { bootHook }),
  };
}
