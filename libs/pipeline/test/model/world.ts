import {
  AbortRequested,
  ApprovalGranted,
  ApprovalRefused,
  StepProgressed,
  UpdateSubmitted,
  type DeploymentChanged,
  type DeploymentState,
  type StepCommand,
  type StepOutcome,
  type UpdateGroup,
} from '@podway/contracts';
import { stepOf } from '../../src/entering.js';
import type { SagaState } from '../../src/saga-state.js';
import { isTerminal } from '../../src/saga-table.js';
import { ModelBroker, pick, type Message } from './broker.js';
import { ModelCoordinator, type Crash } from './coordinator.js';
import { type Coverage, type Fault } from './coverage.js';
import { checkEnd, checkEnds, checkGroups, checkVisitors } from './observer.js';
import { promise, type Planted } from './planted.js';
import { ModelPod } from './servers.js';
import { work, type Luck, type Work } from './workers.js';

interface Task {
  readonly command: StepCommand;
  readonly work: Work;
}

/** Everything around the saga: two PODs, workers, queues that misbehave, a clock, and a coordinator that crashes. */
export class World {
  readonly pods: ReadonlyMap<string, ModelPod>;
  readonly broker = new ModelBroker();
  readonly coordinator: ModelCoordinator;
  private readonly tasks: Task[] = [];
  private readonly accepted: string[] = [];
  private updates = 0;
  private readonly stream = new Map<string, DeploymentChanged>();
  private clock = 0;

  constructor(
    private readonly coverage: Coverage,
    private readonly planted: Planted = {},
  ) {
    const pods = [new ModelPod('p', 3, 'quarantine', planted), new ModelPod('q', 2, 'rollback-all', planted)];
    this.pods = new Map(pods.map((pod) => [pod.name, pod]));
    const published = {
      command: (_id: string, command: StepCommand) => void this.broker.commands.push(command),
      changed: (id: string, changed: DeploymentChanged) => void this.stream.set(id, changed),
    };
    this.coordinator = new ModelCoordinator(this.pods, published, planted, () => this.clock);
  }

  /** After each operation: what must hold at every moment. */
  check(): void {
    this.clock += 1;
    this.coordinator.dispatch();
    for (const pod of this.pods.values()) {
      checkVisitors(pod, pod.holder === undefined ? undefined : this.coordinator.rows.get(pod.holder));
    }
  }

  private hit(fault: Fault, of: { step?: DeploymentState }): void {
    const step = of.step && stepOf(of.step);
    if (step) this.coverage.hit(fault, step);
  }

  private podOf({ deploymentId }: StepCommand): ModelPod {
    const name = this.coordinator.rows.get(deploymentId)?.target.pod ?? 'p';
    return this.pods.get(name)!;
  }

  submit(n: number): void {
    if (this.updates >= 5) return;
    const updateId = `U${(this.updates += 1)}`;
    if (n & 48) return this.submitTo(n & 1 ? 'q' : 'p', updateId, n);
    for (const [position, pod] of ['p', 'q'].entries()) {
      this.submitTo(pod, updateId, 7, { mode: 'all-or-nothing', size: 2, position });
    }
  }

  private submitTo(pod: string, updateId: string, n: number, group?: UpdateGroup): void {
    const releases = this.pods.get(pod)!.releases;
    const kept = n & 2 ? undefined : pick(releases, n >> 3)?.item;
    const deploymentId = `D${this.accepted.length}`;
    this.accepted.push(deploymentId);
    const source = kept
      ? { kind: 'release', release: kept.number, treeId: kept.treeId }
      : { kind: 'artifact' };
    const submittedAt = updateId;
    const facts = {
      ...{ deploymentId, updateId, target: { pod }, source, submittedAt },
      ...(group ? { group } : {}),
    };
    this.broker.toCoordinator(
      Object.assign(new UpdateSubmitted(), facts, { publisher: { key: 'k', client: 'acme' } }),
    );
  }

  deliver(n: number, crash: Crash = 'none'): void {
    const found = pick(this.broker.outcomes, n);
    if (!found) return;
    const { item, index } = found;
    const outcome = item.body as Partial<StepOutcome>;
    if (index > 0) this.hit('outcome reordered', outcome);
    if (crash !== 'none') this.hit(`coordinator crashed ${crash}`, outcome);
    const handled = this.coordinator.receive(item, crash);
    if (handled === 'keep') return;
    this.broker.outcomes.splice(index, 1);
    if (handled === 'deferred') this.defer(item);
  }

  private defer(message: Message): void {
    message.deferrals += 1;
    (message.deferrals > 200 ? this.broker.deadLetters : this.broker.outcomes).push(message);
  }

  /** A worker takes a command. */
  start(n: number, luck: Luck): Task | undefined {
    const found = pick(this.broker.commands, n);
    if (!found) return undefined;
    const { item: command, index } = found;
    if (index > 0) this.hit('command reordered', command);
    if (luck !== 'good') this.hit('worker failed', command);
    const row = this.coordinator.rows.get(command.deploymentId);
    promise(
      (row?.attempts[command.step] ?? 0) >= command.attempt,
      `${command.step} was commanded but is not saved`,
    );
    this.broker.commands.splice(index, 1);
    const task = { command, work: work(command, this.podOf(command), luck, this.planted) };
    this.tasks.push(task);
    return task;
  }

  /** A worker goes on to its next pause, or answers. */
  proceed(task: Task): boolean {
    const { command } = task;
    const row = this.coordinator.rows.get(command.deploymentId);
    if (row?.attempt !== command.attempt || row.name !== command.step) {
      this.hit('worker woke after its attempt was given up', command);
    }
    const { done, value } = task.work.next();
    if (!done) return true;
    this.tasks.splice(this.tasks.indexOf(task), 1);
    if (value) this.broker.toCoordinator(value);
    return false;
  }

  perform(n: number, luck: Luck): void {
    const task = this.start(n, luck);
    while (task && this.proceed(task));
  }

  step(n: number): void {
    const found = pick(this.tasks, n);
    if (found) this.proceed(found.item);
  }

  kill(n: number): void {
    const found = pick(this.tasks, n >> 1);
    if (!found) return;
    const { command } = this.tasks.splice(found.index, 1)[0]!;
    this.hit(n & 1 ? 'worker killed, command lost' : 'worker killed, command redelivered', command);
    if (!(n & 1)) this.broker.commands.push(command);
  }

  progress(n: number): void {
    const found = pick(this.tasks, n);
    if (!found) return;
    const { deploymentId, step, attempt } = found.item.command;
    this.hit('progress', { step });
    this.broker.toCoordinator(
      Object.assign(new StepProgressed(), { deploymentId, step, attempt, message: '' }),
    );
  }

  duplicateCommand(n: number): void {
    const found = pick(this.broker.commands, n);
    if (!found) return;
    this.hit('command duplicated', found.item);
    this.broker.commands.push(found.item);
  }

  loseCommand(n: number): void {
    const found = pick(this.broker.commands, n);
    if (!found) return;
    this.hit('command lost', found.item);
    this.broker.commands.splice(found.index, 1);
  }

  duplicateOutcome(n: number): void {
    const found = pick(this.broker.outcomes, n);
    if (!found) return;
    this.hit('outcome duplicated', found.item.body as Partial<StepOutcome>);
    // Twice from the broker, or told again by a worker that did not know that it had: then with a new id.
    if (n & 1024) this.broker.outcomes.push({ ...found.item });
    else this.broker.toCoordinator(found.item.body);
  }

  /** What people submitted or asked for is kept at the edge until it is confirmed; only a worker's word can be lost. */
  loseOutcome(n: number): void {
    const found = pick(this.broker.outcomes, n);
    if (!found || !('step' in found.item.body)) return;
    this.hit('outcome lost', found.item.body as Partial<StepOutcome>);
    this.broker.outcomes.splice(found.index, 1);
  }

  abort(n: number): void {
    const found = pick(this.accepted, n);
    if (!found) return;
    const row = this.coordinator.rows.get(found.item);
    if (row) this.hit('abort', { step: row.name });
    this.broker.toCoordinator(Object.assign(new AbortRequested(), { deploymentId: found.item, by: 'k' }));
  }

  /** Somebody approves, or in one case of four refuses. */
  approve(n: number): void {
    const found = pick(this.inState('AwaitingApproval'), n >> 2);
    if (!found) return;
    const word = n & 3 ? new ApprovalGranted() : new ApprovalRefused();
    this.broker.toCoordinator(Object.assign(word, { deploymentId: found.item, by: 'k' }));
  }

  supersede(n: number): void {
    const found = pick(this.inState('Queued'), n);
    if (found) this.coordinator.tell(found.item, { kind: 'Superseded', by: 'a newer one' });
  }

  retry(n: number): void {
    const found = pick(this.inState('RollbackFailed'), n);
    if (found) this.coordinator.tell(found.item, { kind: 'RetryRequested', by: 'k' });
  }

  private inState(name: DeploymentState): string[] {
    return this.accepted.filter((id) => this.coordinator.rows.get(id)?.name === name);
  }

  cut(n: number): void {
    const pod = this.pods.get(n & 1 ? 'q' : 'p')!;
    const found = pick(pod.servers, n >> 2);
    if (found) found.item.reachable = (n & 2) > 0 || !found.item.reachable;
  }

  /** Timers look at a deployment, whether its deadline has passed or not. */
  poll(n: number): void {
    const found = pick(this.accepted, n);
    if (found) this.coordinator.tell(found.item, { kind: 'Timeout' });
  }

  /** Time goes on until the next deadline has passed: of all, or of those in one state. */
  wait(crash: Crash = 'none', state?: DeploymentState): boolean {
    const rows = [...this.coordinator.rows.values()].filter(
      (row) => state === undefined || row.name === state,
    );
    const [first] = rows.filter(waiting).sort(byDeadline);
    if (!first?.deadline) return false;
    this.clock = Math.max(this.clock, Date.parse(first.deadline));
    const step = first.name;
    if (crash !== 'none') this.hit(`coordinator crashed ${crash}`, { step });
    else this.hit(first.tries < 2 ? 'timed out, tried again' : 'timed out for good', { step });
    this.coordinator.tell(first.deploymentId, { kind: 'Timeout' }, crash);
    return true;
  }

  relay(): void {
    this.coordinator.relay();
  }

  /** So many operations without a fault, so that late steps meet as many faults as early ones. */
  headStart(operations: number): void {
    // One for both PODs, and one for each.
    for (const n of [0, 18, 19]) if (operations > 0) this.submit(n);
    for (let done = 0; done < operations; done += 1) {
      if (this.broker.outcomes.length > 0) this.deliver(0);
      else if (this.broker.commands.length === 0) this.approve(1);
      else this.perform(0, 'good');
      this.check();
    }
  }

  /** Faults stop; all that is under way comes to its end, and then everything must be well. */
  settle(): void {
    for (const pod of this.pods.values()) for (const server of pod.servers) server.reachable = true;
    for (let round = 0; this.goOn(); round += 1) {
      this.check();
      promise(round < 5_000, 'it never ends');
    }
    promise(
      this.broker.deadLetters.length === 0,
      `${this.broker.deadLetters.length} messages were never taken`,
    );
    promise(this.stream.size >= this.coordinator.log.length, 'a change was never published');
    promise(
      [...this.stream.values()].every((changed) => this.coordinator.log.includes(changed)),
      'a change was published but not saved',
    );
    checkEnds(this.accepted, this.coordinator.log);
    checkGroups(this.coordinator.rows.values());
    for (const pod of this.pods.values()) checkEnd(pod, 'Succeeded');
  }

  private goOn(): boolean {
    this.coordinator.relay();
    const [task] = this.tasks;
    if (task) return this.proceed(task) || true;
    if (this.broker.commands.length > 0) return (this.perform(0, 'good'), true);
    if (this.broker.outcomes.length > 0) return (this.deliver(0), true);
    if (this.inState('AwaitingApproval').length > 0) return (this.approve(1), true);
    const [failed] = this.inState('RollbackFailed');
    if (failed) return (this.coordinator.tell(failed, { kind: 'RetryRequested', by: 'k' }), true);
    return this.wait();
  }
}

function waiting({ name, deadline }: SagaState): boolean {
  return deadline !== undefined && !isTerminal(name);
}

function byDeadline(a: SagaState, b: SagaState): number {
  return (a.deadline ?? '') < (b.deadline ?? '') ? -1 : 1;
}
