import type { ProbeEvidence } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { evidenceLines } from './evidence-lines.js';

const evidence = (changes: Partial<ProbeEvidence> = {}): ProbeEvidence => ({
  ...{ server: 'web1', probe: 'http GET /health', verdict: 'passed', detail: 'status 200', durationMs: 3 },
  ...changes,
});

const slow = evidence({
  verdict: 'failed',
  detail: 'p95 of 20 answers is 812 ms, at most 500 ms',
  samples: { passed: 18, failed: 2, error: 0, inconclusive: 0 },
  measures: [{ what: 'latency p95', unit: 'ms', value: 812.4, max: 500, values: [20, 812.4] }],
});
const compared = evidence({
  server: 'server-10',
  probe: 'comparison GET /',
  detail: '20 requests to each side: 200 20 times; the others 200 20 times',
  rounds: 12,
  measures: [
    { what: 'statuses', unit: 'share', value: 0.05, max: 0.1 },
    { what: 'latency p50', unit: 'ms', value: 12, others: 10, max: 60 },
    { what: 'value', value: 0.25, min: 0.2 },
  ],
});

describe('evidence on the command line', () => {
  it('tells why and by which numbers a check did not pass, and how many did', () => {
    expect(evidenceLines([evidence(), slow, compared], 80)).toEqual([
      '  web1  failed  http GET /health',
      '    p95 of 20 answers is 812 ms, at most 500 ms',
      '    samples: 18 passed, 2 failed',
      '    latency p95 812 ms, at most 500 ms',
      '  2 more passed',
    ]);
  });

  it('tells what was measured by those that passed, when that is asked for', () => {
    expect(evidenceLines([evidence(), compared], 80, { measured: true })).toEqual([
      '  server-10  passed  comparison GET /',
      '    20 requests to each side: 200 20 times; the others 200 20 times',
      '    watched for 12 rounds',
      '    statuses 5 %, at most 10 %',
      '    latency p50 12 ms, others 10 ms, at most 60 ms',
      '    value 0.25, at least 0.2',
      '  1 more passed',
    ]);
  });

  it('says nothing of what only passed', () => {
    expect(evidenceLines([evidence()], 80, { measured: true })).toEqual([]);
    expect(evidenceLines([compared], 80)).toEqual([]);
  });

  it('stays within the columns, and steers no terminal', () => {
    const detail = `exit code 1: ${'many words of an error '.repeat(20)}${'x'.repeat(200)}\u001b[2J`;
    const probe = `command ${'php '.repeat(60)}`;
    const lines = evidenceLines([evidence({ verdict: 'error', detail, probe })], 80);
    expect(lines.length).toBeGreaterThan(6);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.slice(1).every((line) => line.startsWith('    '))).toBe(true);
  });
});
