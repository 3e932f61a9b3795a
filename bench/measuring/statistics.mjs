/** The value below which `share` (0 to 1) of the samples lie: nearest rank. */
export function quantile(samples, share) {
  if (samples.length === 0) throw new RangeError('There are no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Middle of the samples; of an even number, the mean of the two in the middle. */
export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

/** What is printed and written about a series of times in milliseconds. */
export function summary(samples) {
  return {
    medianMs: round(median(samples)),
    minMs: round(Math.min(...samples)),
    maxMs: round(Math.max(...samples)),
    samplesMs: samples.map(round),
  };
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));
