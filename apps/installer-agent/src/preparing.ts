import type { BundleManifest, Component, PodSpec, VariableValues } from '@podway/contracts';
import {
  lookAtServer,
  planComponents,
  PrerequisitesUnmetError,
  refuseUncovered,
  resolveVariables,
  unmetPrerequisites,
  type FetchedSources,
  type SecretSource,
  type SourceFetcher,
  type Variables,
} from '@podway/installers';
import type { PodServer } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';

/** What is to be installed on a server, when nothing speaks against it. */
export interface Plan {
  readonly components: readonly Component[];
  readonly variables: Variables;
}

export interface Prepared extends Plan {
  /** What the components fetch; to be removed in the end. */
  readonly sources: FetchedSources;
}

/** Knows what a client gives its PODs. */
export interface ClientValues {
  of(client: string): Promise<VariableValues | undefined>;
}

/** Everything that is looked at before anything is touched: variables, conditions, coverage, prerequisites, sources. */
export class Preparing {
  constructor(
    private readonly driver: StateDriver,
    private readonly secrets: SecretSource,
    private readonly fetcher: SourceFetcher,
    private readonly clients: ClientValues,
  ) {}

  async prepare(
    manifest: BundleManifest,
    pod: PodSpec,
    server: PodServer,
    context: StepContext,
  ): Promise<Prepared> {
    const plan = await this.plan(manifest, pod, server, context);
    return { ...plan, sources: await this.fetch([plan], context) };
  }

  /** All but the sources. */
  async plan(manifest: BundleManifest, pod: PodSpec, server: PodServer, context: StepContext): Promise<Plan> {
    const ofClient = await this.clients.of(pod.client);
    const given = { server: server.name, values: [server.spec.variables, pod.variables, ofClient] };
    const variables = await resolveVariables(manifest.variables ?? [], given, this.secrets);
    const { osId } = await this.checkPrerequisites(manifest, server);
    const plan = planComponents(manifest.components, { variables, osId, region: server.spec.region });
    refuseUncovered(pod.name, plan.components, pod.state);
    for (const { name, reason } of plan.leftOut) {
      context.progress(`${name} is left out: ${reason}`, { server: server.name });
      context.log.say({ server: server.name, part: name, level: 'info', text: `left out: ${reason}` });
    }
    return { components: plan.components, variables };
  }

  /** What the plans' components fetch, each once. */
  fetch(plans: readonly Plan[], { signal }: StepContext): Promise<FetchedSources> {
    const components = new Map(plans.flatMap((plan) => plan.components.map((one) => [one.name, one])));
    return this.fetcher.fetch([...components.values()], signal);
  }

  private async checkPrerequisites(
    { prerequisites = {} }: BundleManifest,
    server: PodServer,
  ): Promise<{ osId?: string }> {
    const facts = await lookAtServer(server.session, { commands: prerequisites.commands });
    const { diskFreeMb } = await this.driver.inspect(server);
    const problems = unmetPrerequisites(prerequisites, facts, diskFreeMb);
    if (problems.length > 0) throw new PrerequisitesUnmetError(server.name, problems);
    return facts;
  }
}
