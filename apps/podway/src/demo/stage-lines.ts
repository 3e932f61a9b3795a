import { messageOf, DeploymentChanged, StepProgressed, type Envelope } from '@podway/contracts';

const changed = messageOf(DeploymentChanged).type;
const progressed = messageOf(StepProgressed).type;

/** One line for people about an event, or undefined for an event that says nothing new. */
export function stageLine(event: Envelope, startedAt: number): string | undefined {
  const at = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`.padStart(7);
  if (event.type === changed) {
    const { to, detail } = event.data as DeploymentChanged;
    return `${at}  ${to}${detail ? `: ${detail.split('\n')[0]}` : ''}`;
  }
  if (event.type === progressed) {
    const { message, server } = event.data as StepProgressed;
    if (message !== 'started') return `${at}    ${server ? `${server}: ` : ''}${message}`;
  }
  return undefined;
}
