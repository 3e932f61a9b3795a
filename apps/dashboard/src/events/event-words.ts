import type { DeploymentChanged, Envelope, ShownState, StepProgressed } from '@podway/contracts';
import { DEPLOYMENT_CHANGED } from '@podway/contracts/plain';
import { states, type Tone } from '../shown/words.js';

export const levels = ['error', 'warning', 'notice', 'info', 'detail'] as const;
/** How much an event matters: error, warning; notice: a change of state; info; detail: progress. */
export type Level = (typeof levels)[number];

const usual = levels.filter((level) => level !== 'detail');

/** Levels as an address has them: `error,warning`, `none`; left out: all but the details. */
export function levelsIn(text: string | null): Level[] {
  return text === null ? usual : levels.filter((level) => text.split(',').includes(level));
}

/** The text for {@link levelsIn}. Empty: left out. */
export function levelsText(chosen: readonly string[]): string {
  const text = levels.filter((level) => chosen.includes(level)).join(',');
  if (text === usual.join(',')) return '';
  return text === '' ? 'none' : text;
}

export const levelTones: Readonly<Record<Level, Tone>> = {
  error: 'bad',
  warning: 'warn',
  notice: 'busy',
  info: 'quiet',
  detail: 'quiet',
};

export interface ToldEvent {
  readonly level: Level;
  readonly text: string;
  readonly server?: string;
}

const PROGRESSED = 'io.podway.step.progressed.v1';
const bad =
  /\.(rejected|unresolved|unavailable|failed|diverged|refused|lost|drifted|stopped|inconclusive)\.v\d+$/;
const levelOfTone: Readonly<Record<Tone, Level>> = {
  bad: 'error',
  warn: 'warning',
  busy: 'notice',
  good: 'notice',
  quiet: 'notice',
};

/** An event for people. */
export function toldEvent(event: Envelope): ToldEvent {
  if (event.type === DEPLOYMENT_CHANGED) return changed(event.data as DeploymentChanged);
  if (event.type === PROGRESSED) {
    const { step, message, server, percent } = event.data as StepProgressed;
    const done = percent === undefined ? '' : ` (${percent} %)`;
    return {
      level: 'detail',
      text: `${states[step].word}: ${message}${done}`,
      ...(server ? { server } : {}),
    };
  }
  const { code, detail, reason, server } = event.data as Record<string, unknown>;
  const [, , entity = '', verb = ''] = event.type.split('.');
  const said = [code, detail ?? reason].filter((one) => typeof one === 'string').join(': ');
  const what = `${entity} ${verb}`.replaceAll('-', ' ');
  return {
    level: bad.test(event.type) ? 'error' : 'info',
    text: said === '' ? what : `${what}: ${said}`,
    ...(typeof server === 'string' ? { server } : {}),
  };
}

function changed({ to, cause, detail }: DeploymentChanged): ToldEvent {
  const { word, tone } = states[to as ShownState] ?? { word: to, tone: 'quiet' };
  return { level: levelOfTone[tone], text: `${word}${detail ? `: ${detail}` : ` (${cause})`}` };
}
