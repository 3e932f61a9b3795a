import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { IsName } from '../forms.js';
import type { Unchecked } from '../rules.js';
import { VARIABLE_NAME } from './variables.js';

/** When a component is applied: all that is given must hold. */
export class Condition {
  /** A variable of this bundle that is no secret; goes with `is`. */
  @IsOptional()
  @Matches(VARIABLE_NAME, { message: 'must be the name of a variable' })
  variable?: string;

  /** The values that `variable` may have. A variable without a value has none of them. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsString({ each: true, message: 'must be a list of texts' })
  @MaxLength(4_000, { each: true })
  is?: string[];

  /** IDs of os-release, one of which the server has. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @Matches(/^[a-z0-9._-]+$/, { each: true, message: 'must be IDs of os-release, like [debian]' })
  os?: string[];

  /** Regions, one of which the server is in. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsName({ each: true })
  region?: string[];
}

/** What cannot be asked, where the fields are well-formed. `declared`: names of the variables that are no secrets. */
export function conditionProblem(
  when: Unchecked<Condition>,
  declared: readonly unknown[],
): string | undefined {
  const { variable, is, os, region } = when;
  if ([variable, is, os, region].every((part) => part === undefined || part === null))
    return 'when asks nothing';
  if ((variable === undefined) !== (is === undefined)) return 'when needs both variable and is';
  return variable === undefined || declared.includes(variable)
    ? undefined
    : `when: ${String(variable)} is not a variable of this bundle that may be asked for`;
}

/** The same for editors. */
export const conditionSchema = {
  properties: {
    when: {
      minProperties: 1,
      dependentRequired: { variable: ['is'], is: ['variable'] },
    },
  },
};
