import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from '../forms.js';

export const changeKinds = ['added', 'changed', 'removed'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Most entries of one list of changes. Its counts go on beyond. */
export const MOST_CHANGES = 500;

/** Longest path that is told; a longer one is cut. */
export const LONGEST_PATH = 1_000;

/** One file, folder or link that differs between two states. */
export class TreeChange {
  @IsIn(changeKinds)
  change: ChangeKind;

  /** Below the root of the tree; `.` is the root itself. */
  @IsString()
  @MaxLength(LONGEST_PATH)
  path: string;

  /** What differs of a changed one: `content`, `mode`, `owner`, `type`, `target`, separated by commas. */
  @IsOptional()
  @Matches(/^[a-z]+(,[a-z]+)*$/)
  what?: string;
}

/** How two trees differ. */
export class TreeChanges {
  @IsInt()
  @Min(0)
  added: number;

  @IsInt()
  @Min(0)
  changed: number;

  @IsInt()
  @Min(0)
  removed: number;

  /** By path; the first ones, where there are more than {@link MOST_CHANGES}. */
  @IsArray()
  @ArrayMaxSize(MOST_CHANGES)
  @Nested(() => TreeChange)
  entries: TreeChange[];

  /** Whether there are more than the entries here. */
  @IsBoolean()
  more: boolean;
}

/** How two states of a POD's servers differ. */
export class StateChanges {
  @Nested(() => TreeChanges)
  tree: TreeChanges;

  /** What the other parts of the state tell, by their names: packages, the schema of a database. */
  @IsOptional()
  @IsObject()
  parts?: Record<string, object>;
}
