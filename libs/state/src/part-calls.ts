import { Readable } from 'node:stream';
import { NAME, SHA256, ULID, type StatePart, type TreeChanges } from '@podway/contracts';
import { FLAG } from './answer-forms.js';
import type { DeltaSpool } from './delta-spool.js';
import type { HostCaller } from './host-caller.js';
import type { ServerTarget, StepContext } from './state-driver.js';
import type { Member } from './state-set.js';
import { StateError } from './state.errors.js';
import { treeChanges } from './tree-changes.js';

/** Longest time of one call on a part in milliseconds: a backup, a restore or a transfer. */
interface PartLimits {
  readonly transferTimeoutMs: number;
}

/** `serve`: users may write to it from then on. `accept-loss`: what they have written may be lost. */
export type PutFlag = 'serve' | 'accept-loss';

/** What was live before a deployment began to change a server. */
export const before = (deploymentId: string): string => `before.${deploymentId}`;

/** Calls the verbs of `podway-host` that work on the parts of a server's state. */
export class PartCalls {
  constructor(
    private readonly host: HostCaller,
    private readonly limits: PartLimits,
  ) {}

  /** Fingerprints of what is live. `deep` reads every file again. */
  async live(target: ServerTarget, deep: boolean): Promise<Member[]> {
    if (partsOf(target).length === 0) return [];
    const answer = await this.host.call(target, 'parts-live', [deep ? 'deep' : 'quick'], this.slow());
    return this.inOrder(target, answer.all('part', NAME, SHA256));
  }

  /** Fingerprints of the records under this id; a part without one is not among them. */
  async recorded(target: ServerTarget, id: string): Promise<Member[]> {
    if (partsOf(target).length === 0) return [];
    const answer = await this.host.call(target, 'parts-recorded', [id]);
    return answer.all('part', NAME, SHA256).map(([name = '', fingerprint = '']) => ({ name, fingerprint }));
  }

  /** The same, with the fingerprints that the release's tree was seen with; the one that was proved is among them. */
  async ofRelease(target: ServerTarget, treeId: string): Promise<{ parts: Member[]; trees: string[] }> {
    const answer = await this.host.call(target, 'parts-recorded', [treeId]);
    return {
      parts: answer.all('part', NAME, SHA256).map(([name = '', fingerprint = '']) => ({ name, fingerprint })),
      trees: answer.all('kept', SHA256).map(([fingerprint = '']) => fingerprint),
    };
  }

  /** How a part differs between two releases, or a release and what is live. Unset: its kind cannot tell by file. */
  async changes(
    target: ServerTarget,
    name: string,
    [from, to]: readonly [string, string],
    limit: number,
  ): Promise<TreeChanges | undefined> {
    return treeChanges(await this.host.call(target, 'part-changes', [name, from, to, limit]))?.tree;
  }

  /** Records what is live under this id, in order; what is recorded already stays as it is. */
  async record(
    target: ServerTarget,
    ctx: StepContext,
    id: string,
    parts: readonly StatePart[] = partsOf(target),
  ): Promise<Member[]> {
    const members: Member[] = [];
    for (const { name } of parts) {
      const answer = await this.mutate(target, ctx, 'part-record', [name, id]);
      const [, fingerprint = ''] = answer.one('part', NAME, SHA256);
      members.push({ name, fingerprint });
    }
    return members;
  }

  /** Makes what is live the same as the records, part by part, and proves it. Resolves whether anything was changed. */
  async put(
    target: ServerTarget,
    ctx: StepContext,
    id: string,
    names: readonly string[],
    how: 'switch' | 'restore',
    flags: readonly PutFlag[] = [],
  ): Promise<boolean> {
    let changed = false;
    for (const name of names) {
      ctx.progress(how === 'switch' ? `bringing in ${name}` : `putting ${name} back`, {
        server: target.session.server,
      });
      const answer = await this.mutate(target, ctx, 'part-put', [name, id, how, ...flags]);
      if (answer.one('part', NAME, SHA256, FLAG)[2] === '1') changed = true;
    }
    return changed;
  }

  /** Users may write from now on to what a deployment has made of this server. */
  async open(target: ServerTarget, ctx: StepContext): Promise<void> {
    (await this.mutate(target, ctx, 'parts-open', [])).one('open', ULID);
  }

  /** Carries the record of a part to another server. Resolves with the bytes sent. */
  async carry(
    [source, target]: readonly [ServerTarget, ServerTarget],
    ctx: StepContext,
    id: string,
    { name, fingerprint }: Member,
    spool: DeltaSpool,
  ): Promise<number> {
    const offered = this.host.stream(target, 'part-offer', [name], this.slow(ctx));
    const offer = await spool.keep(offered.stdout, offered.done);
    const sent = this.host.stream(source, 'part-send', [name, id], {
      ...this.slow(ctx),
      stdin: offer.read(),
    });
    // Kept in a file first: a source that fails half-way must not look like a short record.
    const delta = await spool.keep(sent.stdout, sent.done);
    const body = Readable.from(delta.read(), { objectMode: false });
    try {
      await this.mutate(target, ctx, 'part-take', [name, id, fingerprint], body);
    } finally {
      body.destroy();
    }
    return delta.bytes;
  }

  /** Gives up records that no kept release needs. */
  async forget(target: ServerTarget, ctx: StepContext): Promise<void> {
    (await this.mutate(target, ctx, 'parts-forget', [])).one('forgotten', ULID);
  }

  private mutate(
    target: ServerTarget,
    { fencingToken, deploymentId, signal }: StepContext,
    verb: string,
    args: readonly string[],
    stdin?: Readable,
  ) {
    const options = { signal, stdin, timeoutMs: this.limits.transferTimeoutMs };
    return this.host.call(target, verb, [fencingToken, deploymentId, ...args], options);
  }

  private slow(ctx?: StepContext) {
    return { timeoutMs: this.limits.transferTimeoutMs, signal: ctx?.signal };
  }

  /** The parts in the POD's order, each exactly once. */
  private inOrder(target: ServerTarget, found: readonly string[][]): Member[] {
    const fingerprints = new Map(found.map(([name = '', fingerprint = '']) => [name, fingerprint]));
    return partsOf(target).map(({ name }) => {
      const fingerprint = fingerprints.get(name);
      if (fingerprint !== undefined) return { name, fingerprint };
      const { server } = target.session;
      throw new StateError('ANSWER_INVALID', `nothing was said of part ${name}`, { server });
    });
  }
}

export const partsOf = ({ state }: ServerTarget): readonly StatePart[] => state.parts ?? [];
