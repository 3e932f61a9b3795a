/**
 * The nearest-rank percentile: the smallest value that at least `part` of all values do not exceed. Of 20 values, p95 is
 * the second largest. Undefined without values.
 */
export function percentile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length - 1e-9) - 1)];
}

/** For evidence: six digits are enough. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

const MAX_VALUES = 20;

/** The last values, as many as evidence may have. */
export function lastValues(values: readonly number[]): number[] {
  return values.slice(-MAX_VALUES).map(rounded);
}
