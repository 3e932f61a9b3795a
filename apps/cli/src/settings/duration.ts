import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `90s`, `10m`, `2h`, `500ms` in milliseconds. For commander. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new InvalidArgumentError('It must be like 90s, 10m or 2h.');
  }
  return Number(amount) * (UNITS[unit] ?? 1);
}

/** A whole number from 1 on. For commander. */
export function positive(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

/** A whole number from 0 on. For commander. */
export function sequence(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
