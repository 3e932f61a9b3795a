import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';

export const driftActions = ['report', 'heal', 'off'] as const;
export type DriftAction = (typeof driftActions)[number];

/** Between two looks at the servers of a POD whose entry does not say. */
export const DRIFT_EVERY_MS = 900_000;

/** How servers that are no longer as they were proved are found, and what becomes of them. */
export class DriftSpec {
  /** Between two looks at the POD's servers, in milliseconds. Default 900000. */
  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(31 * 86_400_000)
  everyMs?: number;

  /** `report` (default): told, no more. `heal`: put back from the current release, as an update. `off`: looked at on demand only. */
  @IsOptional()
  @IsIn(driftActions)
  on?: DriftAction;
}
