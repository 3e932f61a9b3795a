import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsCron, IsTimestamp, IsTimeZone, Nested } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';

/** How updates wait for the POD. */
export class QueueSpec {
  /** Most updates that may wait; one more is refused. Default 100. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  depth?: number;

  /** `latest`: a newer update takes the place of those that wait. `none` (default): all are done, one after the other. */
  @IsOptional()
  @IsIn(['none', 'latest'])
  supersede?: 'none' | 'latest';
}

/** A time that comes again and again. */
export class RecurringWindow {
  /** When it opens, as a cron line: `0 2 * * 1-5`. */
  @IsCron()
  cron: string;

  /** How long it is open, in milliseconds. */
  @IsInt()
  @Min(60_000)
  @Max(7 * 86_400_000)
  durationMs: number;

  /** IANA name of the time zone that `cron` is meant in: `Europe/Berlin`. Default `UTC`. */
  @IsOptional()
  @IsTimeZone()
  timeZone?: string;
}

function freezeProblem({ from, to, cron, durationMs }: Unchecked<FreezeWindow>): string | undefined {
  const once = from !== undefined || to !== undefined;
  const recurring = cron !== undefined || durationMs !== undefined;
  if (once === recurring) return 'a freeze has either from and to, or cron and durationMs';
  if (once && (from === undefined || to === undefined)) return 'a freeze needs both from and to';
  if (recurring && (cron === undefined || durationMs === undefined))
    return 'a freeze needs both cron and durationMs';
  return once && String(from) >= String(to) ? 'a freeze ends after it begins' : undefined;
}

/** A time in which no update begins: once, or again and again. */
export class FreezeWindow {
  /** Shown to who waits. */
  @Rule(freezeProblem, {
    oneOf: [{ required: ['from', 'to'] }, { required: ['cron', 'durationMs'] }],
  })
  @IsString()
  @MaxLength(200)
  reason: string;

  @IsOptional()
  @IsTimestamp()
  from?: string;

  @IsOptional()
  @IsTimestamp()
  to?: string;

  @IsOptional()
  @IsCron()
  cron?: string;

  @IsOptional()
  @IsInt()
  @Min(60_000)
  @Max(31 * 86_400_000)
  durationMs?: number;

  @IsOptional()
  @IsTimeZone()
  timeZone?: string;
}

/** When updates may begin. What runs goes on when a window ends. */
export class WindowsSpec {
  /** Updates begin in one of these times only. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @Nested(() => RecurringWindow, { optional: true })
  maintenance?: RecurringWindow[];

  /** Updates do not begin in any of these times, maintenance or not. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => FreezeWindow, { optional: true })
  freeze?: FreezeWindow[];
}

/** Somebody has to look at the canary before its state goes to all servers. Going back to a kept release needs nobody. */
export class ApprovalSpec {
  @IsIn(['none', 'required'])
  replication: 'none' | 'required';

  /** After this time without an answer the canary is rolled back, in milliseconds. Default one day. */
  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(31 * 86_400_000)
  timeoutMs?: number;
}
