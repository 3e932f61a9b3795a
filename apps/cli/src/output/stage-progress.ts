import type { DeploymentChanged, DeploymentState, Envelope, StepProgressed } from '@podway/contracts';
import { isFinished } from '@podway/contracts';
import type { LiveLine, Printer } from './printer.js';
import { duration, fitted, harmless, type Colors } from './text.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const STATE_COLUMNS = 20;
/** What a step says first; the stage's own line says it already. */
const STARTED = 'started';
const BACKWARDS = new Set<DeploymentState>(['RollingBack', 'ConfirmingRollback']);

/** Shows a deployment's stages as they happen: a line a stage on a terminal, a line an event elsewhere. */
export class StageProgress {
  private readonly live: LiveLine | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stage: { state: DeploymentState; since: number; word: string } | undefined;
  private frame = 0;
  private lastProgress = '';

  constructor(private readonly printer: Printer) {
    this.live = printer.live;
    if (!this.live) return;
    this.timer = setInterval(() => this.draw(), FRAME_MS);
    this.timer.unref();
  }

  changed(event: Envelope<DeploymentChanged>): void {
    const { to, cause, detail } = event.data;
    if (!this.live) {
      this.printer.note(`${clock(event)} ${to.padEnd(STATE_COLUMNS)}${detail ? harmless(detail) : cause}`);
      return;
    }
    this.endStage(BACKWARDS.has(to) && !this.goesBack() ? 'failed' : 'done', event);
    if (isFinished(to)) this.live.clear();
    else this.stage = { state: to, since: Date.parse(event.time), word: '' };
    if (detail && BACKWARDS.has(to)) this.line(`  ${this.colors.red(this.fit(harmless(detail), 2))}`);
  }

  progressed(event: Envelope<StepProgressed>): void {
    const { step, message, percent, server } = event.data;
    const said = message === STARTED ? '' : harmless(message);
    const word = [
      server && !said.includes(server) ? `${server}:` : '',
      said,
      percent === undefined ? '' : `${percent} %`,
    ].filter(Boolean);
    if (!this.live) {
      this.progressLine(event, step, word.join(' '));
    } else if (this.stage?.state === step) {
      this.stage.word = word.join(' ');
    }
  }

  /** Not for a step that only began, or says that it is still at the same thing. */
  private progressLine(event: Envelope, step: string, word: string): void {
    const line = `${step.padEnd(STATE_COLUMNS)}${word}`;
    if (word === '' || line === this.lastProgress) return;
    this.lastProgress = line;
    this.printer.note(`${clock(event)} ${line}`);
  }

  /** A note between the stages. */
  note(text: string): void {
    this.line(text);
  }

  /** Nothing more is shown. */
  end(): void {
    clearInterval(this.timer);
    this.live?.clear();
  }

  private get colors(): Colors {
    return this.printer.colors;
  }

  private goesBack(): boolean {
    return this.stage !== undefined && BACKWARDS.has(this.stage.state);
  }

  private endStage(how: 'done' | 'failed', event: Envelope): void {
    if (!this.stage) return;
    const { state, since } = this.stage;
    const sign = how === 'done' ? this.colors.green('✔') : this.colors.red('✖');
    this.line(
      `${sign} ${state.padEnd(STATE_COLUMNS)}${duration(Math.max(0, Date.parse(event.time) - since))}`,
    );
    this.stage = undefined;
  }

  private draw(): void {
    if (!this.stage) return;
    const { state, since, word } = this.stage;
    this.frame = (this.frame + 1) % FRAMES.length;
    const ran = duration(Math.max(0, Date.now() - since)).padEnd(9);
    this.live?.show(`${FRAMES[this.frame]} ${state.padEnd(STATE_COLUMNS)}${ran}${word}`);
  }

  private line(text: string): void {
    this.live?.clear();
    this.printer.note(text);
  }

  private fit(text: string, indent: number): string {
    return fitted(text, this.printer.columns - indent);
  }
}

function clock(event: Envelope): string {
  return event.time.slice(11, 19);
}
