import type { Envelope, ProbeEvidence, ServerOutcome, ShownState, StepProgressed } from '@podway/contracts';
import { toldEvent } from '../events/event-words.js';
import { resultsShown, states, verdictsShown, type Tone } from '../shown/words.js';

/** Something that was done to one server. */
export interface ServerStep {
  readonly at: string;
  readonly text: string;
  readonly tone: Tone;
}

/** What an event may tell of servers. */
interface Told {
  readonly step?: ShownState;
  readonly server?: string;
  readonly canary?: string;
  readonly servers?: readonly ServerOutcome[];
  readonly evidence?: readonly ProbeEvidence[];
}

const PROGRESSED = 'io.podway.step.progressed.v1';
const CHOSEN = 'io.podway.canary.selected.v1';
/** What is done to the canary alone: their events need not name it. */
const canarySteps: readonly (ShownState | undefined)[] = ['Snapshotting', 'Installing', 'Verifying'];
const joined = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(': ');

/** What a deployment did on one server, by its events; of a row of progress only the last. */
export function stepsOnServer(events: readonly Envelope[], server: string): ServerStep[] {
  const canary = events.map(({ type, data }) => type === CHOSEN && (data as Told).canary).find(Boolean);
  const found: (ServerStep & { progress?: ShownState })[] = [];
  for (const event of events) {
    const step = (event.data as Told).step;
    const progress = event.type === PROGRESSED ? step : undefined;
    const told = toldOf(event, server, canary === server);
    if (told.length === 0) continue;
    if (progress !== undefined && found.at(-1)?.progress === progress) found.pop();
    found.push(...told.map((one) => ({ ...one, ...(progress ? { progress } : {}) })));
  }
  return found.map(({ at, text, tone }) => ({ at, text, tone }));
}

function toldOf(event: Envelope, server: string, isCanary: boolean): ServerStep[] {
  const { type, time: at } = event;
  const told = event.data as Told;
  const { step } = told;
  if (type === CHOSEN) return isCanary ? [{ at, text: 'Chosen as the canary', tone: 'quiet' }] : [];
  const word = step === undefined ? undefined : states[step].word;
  const own = told.server === server || (told.server === undefined && isCanary && canarySteps.includes(step));
  if (type === PROGRESSED) {
    const { message } = event.data as StepProgressed;
    return own ? [{ at, text: joined(word, message), tone: 'quiet' }] : [];
  }
  const seen = [...outcomes(told, server, word, at), ...probes(told, server, word, at)];
  if (seen.length > 0 || !own) return seen;
  const { text, level } = toldEvent(event);
  return [{ at, text: joined(word, text), tone: level === 'error' ? 'bad' : 'good' }];
}

function outcomes(
  { servers = [] }: Told,
  server: string,
  word: string | undefined,
  at: string,
): ServerStep[] {
  return servers
    .filter(({ name }) => name === server)
    .map(({ result, code, detail }) => {
      const shown = resultsShown[result];
      return { at, text: joined(word, shown.word, code, detail), tone: shown.tone };
    });
}

/** Probes that passed are counted; each other is told. */
function probes({ evidence = [] }: Told, server: string, word: string | undefined, at: string): ServerStep[] {
  const mine = evidence.filter((one) => one.server === server);
  const passed = mine.filter(({ verdict }) => verdict === 'passed').length;
  const others = mine.filter(({ verdict }) => verdict !== 'passed');
  const counted = `${passed} ${passed === 1 ? 'probe' : 'probes'} passed`;
  return [
    ...(passed > 0 ? [{ at, text: joined(word, counted), tone: 'good' as const }] : []),
    ...others.map(({ probe, verdict, detail }) => {
      const shown = verdictsShown[verdict];
      return { at, text: joined(word, `${probe} ${shown.word.toLowerCase()}`, detail), tone: shown.tone };
    }),
  ];
}
