import { IsIn, IsInt, IsNumber, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { IsProgram, IsRelativePath } from '../forms.js';
import { SHA256 } from '../patterns.js';
import { DecidesFields, Rule, type Unchecked } from '../rules.js';
import { metricQueryProblem } from './metric-query.js';

export const probeKinds = ['http', 'tcp', 'command', 'fingerprint', 'comparison', 'metric'] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** Of every probe that tells one result a try. A comparison takes its samples itself, and judges all of them at once. */
const repeated = ['consecutive', 'failureLimit', 'errorLimit', 'inconclusiveLimit'];
const number = { allowNaN: false, allowInfinity: false };

function limitProblem(limit: keyof Check) {
  return ({ samples = 1, ...whole }: Unchecked<Check>): string | undefined => {
    const value = (whole as Unchecked<Check>)[limit];
    return typeof value === 'number' && typeof samples === 'number' && value >= samples
      ? `must be less than samples, which is ${samples}`
      : undefined;
  };
}

function consecutiveProblem({ consecutive, tries }: Unchecked<Check>): string | undefined {
  return typeof consecutive === 'number' && typeof tries === 'number' && consecutive > tries
    ? `must not be more than tries, which is ${tries}`
    : undefined;
}

function latencyProblem({ maxLatencyMs, timeoutMs = 5_000 }: Unchecked<Check>): string | undefined {
  return typeof maxLatencyMs === 'number' && typeof timeoutMs === 'number' && maxLatencyMs >= timeoutMs
    ? `must be less than timeoutMs, which is ${timeoutMs}`
    : undefined;
}

function samplesProblem({ probe, samples }: Unchecked<Check>): string | undefined {
  return probe === 'comparison' && typeof samples === 'number' && samples < 5
    ? 'must be 5 and more for a comparison'
    : undefined;
}

function conditionProblem({ probe, max, min, maxRatio }: Unchecked<Check>): string | undefined {
  if (probe !== 'metric') return undefined;
  if (max === undefined && min === undefined && maxRatio === undefined)
    return 'metric needs max, min or maxRatio';
  return typeof max === 'number' && typeof min === 'number' && min > max ? 'min is more than max' : undefined;
}

const conditionSchema = {
  if: { properties: { probe: { const: 'metric' } } },
  then: { anyOf: ['max', 'min', 'maxRatio'].map((field) => ({ required: [field] })) },
};

function queryProblem({ query }: Unchecked<Check>): string | undefined {
  return metricQueryProblem(query);
}

/** One test of a server. Which fields count follows from `probe`. */
export class Check {
  /** `http` asks the server's address, `tcp` opens a port, `command` runs on the server, `fingerprint` looks at one file, `comparison` asks the canary what it asks servers on the old release, `metric` asks Prometheus. */
  @IsIn(probeKinds)
  @Rule(conditionProblem, conditionSchema)
  @DecidesFields({
    http: { takes: ['path', 'host', 'expectStatus', 'expectText', 'maxLatencyMs', ...repeated] },
    tcp: { takes: ['port', ...repeated] },
    command: { needs: ['run'], takes: ['expectText', ...repeated] },
    fingerprint: { needs: ['file', 'sha256'], takes: repeated },
    comparison: {
      takes: ['path', 'host', 'maxStatusDifference', 'maxLatencyRatio', 'latencyFloorMs', 'withoutOthers'],
    },
    metric: { needs: ['query'], takes: ['max', 'min', 'maxRatio', 'floor', 'withoutOthers', ...repeated] },
  })
  probe: ProbeKind;

  /** Shown to people. Default: made from the other fields. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  name?: string;

  /** http, comparison: path and query on the server, default `/`. */
  @IsOptional()
  @Matches(/^\/[^\s\u0000-\u001f\u007f]*$/)
  @MaxLength(2000)
  path?: string;

  /** http, comparison: value of the Host header. Default: the POD's first host. */
  @IsOptional()
  @Matches(/^[a-z0-9.-]+(:[0-9]{1,5})?$/i)
  @MaxLength(255)
  host?: string;

  /** http: the status that must come. Default 200. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(599)
  expectStatus?: number;

  /** http, command: text that must be in the body or the output. */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  expectText?: string;

  /** tcp: port on the server. Default: the port of its `http` address. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number;

  /** command: program and arguments, run in the live tree. No shell is involved. Exit 0 passes, 1 to 125 fails; 126, 127 and signals are errors of the probe. */
  @IsOptional()
  @IsProgram()
  run?: string[];

  /** fingerprint: file in the tree whose SHA-256 must be `sha256`. */
  @IsOptional()
  @IsRelativePath()
  file?: string;

  /** fingerprint: SHA-256 of the file, lower-case hex. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** http: most milliseconds until the whole answer is there: of each try, and as p95 of all samples. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(600_000)
  @Rule(latencyProblem)
  maxLatencyMs?: number;

  /** comparison: by which share of its answers the canary may have statuses that are not 2xx more often than the others, 0 to 1. Default 0. */
  @IsOptional()
  @IsNumber(number)
  @Min(0)
  @Max(1)
  maxStatusDifference?: number;

  /** comparison: how many times slower the canary may be, at p50 and at p95. Default 2. */
  @IsOptional()
  @IsNumber(number)
  @Min(1)
  @Max(1000)
  maxLatencyRatio?: number;

  /** comparison: by so many milliseconds the canary may be slower, whatever the ratio. Default 50. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  latencyFloorMs?: number;

  /** metric: PromQL that gives one number. In double quotes `{{server}}`, `{{address}}`, `{{region}}`, `{{pod}}` and `{{client}}` are filled. */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  @Rule(queryProblem)
  query?: string;

  /** metric: most that the number may be. */
  @IsOptional()
  @IsNumber(number)
  max?: number;

  /** metric: least that the number may be. */
  @IsOptional()
  @IsNumber(number)
  min?: number;

  /** metric: how many times the median of the servers on the old release the number may be. */
  @IsOptional()
  @IsNumber(number)
  @Min(0)
  @Max(1_000_000)
  maxRatio?: number;

  /** metric with maxRatio: by so much the number may be above that of the others, whatever the ratio. Default 0. */
  @IsOptional()
  @IsNumber(number)
  @Min(0)
  floor?: number;

  /** comparison, metric with maxRatio: the verdict when no other server is on an older release. Default `inconclusive`. */
  @IsOptional()
  @IsIn(['inconclusive', 'passed'])
  withoutOthers?: 'inconclusive' | 'passed';

  /** Time for one try, in milliseconds; of a comparison, for one request. Default 5000. */
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(600_000)
  timeoutMs?: number;

  /** Tries before a result other than passed counts. Default 3; of a comparison 1. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  tries?: number;

  /** Tries in a row that must pass before it has. Default 1. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  @Rule(consecutiveProblem)
  consecutive?: number;

  /** How often it is measured, the try that passed included. Default 1; of a comparison 20 requests to each side. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  @Rule(samplesProblem)
  samples?: number;

  /** Of the samples: how many may fail. Default 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(999)
  @Rule(limitProblem('failureLimit'))
  failureLimit?: number;

  /** Of the samples: at how many the probe may break. Default 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(999)
  @Rule(limitProblem('errorLimit'))
  errorLimit?: number;

  /** Of the samples: how many may be inconclusive. Default 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(999)
  @Rule(limitProblem('inconclusiveLimit'))
  inconclusiveLimit?: number;

  /** Wait between tries and between samples, in milliseconds. Default 500; of a comparison 50. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  intervalMs?: number;
}
