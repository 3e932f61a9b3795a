import { useEffect, useState } from 'react';

/** With its zone: people of one deployment may sit in several. */
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** `4 min ago`. */
export function agoOf(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `1.2 s`, `3 min 4 s`. What is cut off is not rounded up: no `60 s`. */
export function lengthOf(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (seconds < 1) return `${Math.floor(ms)} ms`;
  if (minutes < 1) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago; the whole time on pointing at it. */
export function Ago({ at }: { at: string }) {
  const now = useNow(5_000);
  return (
    <time dateTime={at} title={whole.format(new Date(at))}>
      {agoOf(Date.parse(at), now)}
    </time>
  );
}

/** Time of day. */
export function At({ at }: { at: string }) {
  return (
    <time dateTime={at} title={whole.format(new Date(at))} className="mono">
      {clock.format(new Date(at))}
    </time>
  );
}

/** A time to come, or one to be told whole. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at}>{whole.format(new Date(at))}</time>;
}

/** How long something takes that runs. */
export function Running({ since }: { since: string }) {
  const now = useNow(1_000);
  return <>{lengthOf(Math.max(0, now - Date.parse(since)))}</>;
}
