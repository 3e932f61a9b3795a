import {
  PodwayError,
  type Check,
  type InstallOnOthers,
  type ReplicationFailed,
  type StepOutcome,
} from '@podway/contracts';
import type { FetchedSources } from '@podway/installers';
import {
  checksOf,
  explain,
  forEveryServer,
  logEvidence,
  runChecks,
  verdictOf,
  type ManifestSource,
} from '@podway/probes';
import {
  Promotion,
  promotionFailed,
  watchdogMsOf,
  withWatchdogFed,
  type PodServer,
  type PromotionParts,
  type StepWork,
} from '@podway/service-kit';
import type { StepContext } from '@podway/state';
import type { Building, Bundle } from './building.js';
import type { Plan, Preparing } from './preparing.js';

/** A server has come to another state than the canary, or its checks do not pass: it does not take the release. */
export class NotTheSameError extends PodwayError {}

/** The servers of this step, by what becomes of them, and what they are installed with. */
interface Work {
  readonly command: InstallOnOthers;
  readonly context: StepContext;
  readonly promotion: Promotion;
  readonly bundle: Bundle;
  /** By server. Those that are not among them hold the new state already. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly sources: FetchedSources;
}

/**
 * FIG. 2, 216, where the POD wants that: the installers run on each of the other servers, as they did on the canary. Each
 * must come to the canary's verified state and pass the checks before it serves.
 *
 * The canary takes all accesses meanwhile. Installers that lay out files beside the live state, and nothing else, work
 * before that. A server that is not on the state that the canary began with would come to another one, wherever the
 * installers go: the verified state is carried to it.
 */
export class InstallingOnOthers implements StepWork<InstallOnOthers> {
  constructor(
    private readonly parts: PromotionParts & { readonly updates: ManifestSource },
    private readonly preparing: Preparing,
    private readonly building: Building,
  ) {}

  async execute(command: InstallOnOthers, context: StepContext): Promise<StepOutcome> {
    const promotion = await Promotion.begin(this.parts, command, context);
    const bundle = await this.building.bundle(command.source);
    const { checks } = await checksOf(promotion.pod, command.source, this.parts.updates);
    const { same, behind } = await this.sort(promotion, command);
    const plans = new Map<string, Plan>();
    const planned = await promotion.onEach(same, async (server) => {
      if (await this.building.built(server, command.deploymentId)) return;
      plans.set(server.name, await this.preparing.plan(bundle.manifest, promotion.pod, server, context));
    });
    const sources = await this.preparing.fetch([...plans.values()], context);
    try {
      // It takes as long as the installers, and the canary has begun before.
      const watchdogMs = watchdogMsOf(promotion.pod);
      return await withWatchdogFed(this.parts.driver, promotion.canary, context, { watchdogMs }, (signal) => {
        const work = { command, context: { ...context, signal }, promotion, bundle, plans, sources };
        return this.install(work, planned, behind, forEveryServer(checks));
      });
    } finally {
      await sources.remove();
    }
  }

  failed(command: InstallOnOthers, error: PodwayError): ReplicationFailed {
    return promotionFailed(command, error);
  }

  /** Which servers begin where the canary began, or are past that already. */
  private async sort(
    promotion: Promotion,
    { snapshot, treeId }: InstallOnOthers,
  ): Promise<{ same: PodServer[]; behind: PodServer[] }> {
    const behind: PodServer[] = [];
    const looked = await promotion.onEach(promotion.others, async (server) => {
      const { liveTreeId } = await this.parts.driver.inspect(server);
      if (liveTreeId !== snapshot.treeId && liveTreeId !== treeId) behind.push(server);
    });
    return { same: looked.filter((server) => !behind.includes(server)), behind };
  }

  private async install(
    work: Work,
    same: readonly PodServer[],
    behind: readonly PodServer[],
    checks: readonly Check[],
  ): Promise<StepOutcome> {
    const { promotion, context } = work;
    let serves = false;
    if (!this.worksBeside(work)) serves = await promotion.canaryServes([...same, ...behind]);
    context.progress(`installing on ${same.length} servers`);
    const built = await promotion.onEach(same, (server) => this.installOne(server, work));
    const carried = behind.length === 0 ? { staged: [], bytesSent: 0 } : await promotion.stage(behind);
    const ready = [...built, ...carried.staged];
    if (!serves) await promotion.canaryServes(ready);
    const switched = await promotion.switchTo(ready);
    await promotion.onEach(switched, (server) => this.verify(server, checks, work));
    return promotion.end(carried.bytesSent);
  }

  /** Whether visitors notice nothing of the installers. */
  private worksBeside({ promotion, plans }: Work): boolean {
    const components = [...plans.values()].flatMap((plan) => plan.components);
    const parts = promotion.pod.state.parts ?? [];
    return parts.length === 0 && components.every(({ installer }) => installer === 'archive');
  }

  private async installOne(server: PodServer, { command, context, promotion, ...work }: Work): Promise<void> {
    const { deploymentId, fingerprint, snapshot } = command;
    const watchdogMs = watchdogMsOf(promotion.pod);
    await this.parts.driver.snapshot(server, context, { watchdogMs });
    const plan = work.plans.get(server.name);
    const what = { digest: work.bundle.digest, pod: promotion.pod.name, base: snapshot.treeId };
    const built = plan
      ? await this.building.build(server, { ...plan, sources: work.sources }, what, context)
      : await this.building.built(server, deploymentId);
    if (built?.fingerprint === fingerprint) return;
    throw new NotTheSameError(
      'INSTALL.NOT_THE_SAME',
      `the installers came to another state than on ${command.canary}: ${built?.fingerprint ?? 'none'}, not ${fingerprint}`,
      { details: { server: server.name } },
    );
  }

  private async verify(
    server: PodServer,
    checks: readonly Check[],
    { context, promotion }: Work,
  ): Promise<void> {
    context.progress(`running ${checks.length} checks`, { server: server.name });
    const { spec, session, path } = server;
    const target = { server: spec, session, path, hosts: promotion.pod.hosts ?? [] };
    const evidence = await runChecks(checks, target, context.signal, logEvidence(context.log));
    const verdict = verdictOf(evidence);
    if (verdict === 'passed') return;
    const code = `VERIFICATION.${verdict.toUpperCase()}`;
    throw new NotTheSameError(code, explain(evidence), { details: { server: server.name } });
  }
}
