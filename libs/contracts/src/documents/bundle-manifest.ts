import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested, UpdateTarget } from '../messages/step.js';
import { NAME, RELATIVE_PATH } from '../patterns.js';
import { Check } from './checks.js';

/** One part of an update and the installer that applies it. Components are applied in order. */
export class Component {
  @Matches(NAME)
  name: string;

  /** `archive` lays files into the tree; `script` runs a program of the bundle in the tree. */
  @IsIn(['archive', 'script'])
  installer: 'archive' | 'script';

  /** archive: folder of the bundle whose files are laid out. Default: the whole bundle without `podway.yaml`. */
  @IsOptional()
  @Matches(RELATIVE_PATH)
  source?: string;

  /** archive: folder of the tree that they go to. Default: the tree's root. */
  @IsOptional()
  @Matches(RELATIVE_PATH)
  to?: string;

  /** archive: `replace` (default) makes the target folder exactly the source; `merge` adds and overwrites only. */
  @IsOptional()
  @IsIn(['replace', 'merge'])
  mode?: 'replace' | 'merge';

  /** script: program and arguments. A program with a `/` is one of the bundle. No shell is involved. Exit 0 is success. */
  @IsOptional()
  @IsString({ each: true })
  @MaxLength(4000, { each: true })
  run?: string[];

  /** script: longest time in milliseconds. Default 600000. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(86_400_000)
  timeoutMs?: number;
}

/** What the canary must have before anything is touched. */
export class Prerequisites {
  /** Free space below the POD's path, in MiB. */
  @IsOptional()
  @IsInt()
  @Min(0)
  diskFreeMb?: number;

  /** Programs that must be on the server's PATH. */
  @IsOptional()
  @ArrayMaxSize(100)
  @Matches(/^[A-Za-z0-9._+-]+$/, { each: true })
  commands?: string[];
}

/** The bundle's manifest `podway.yaml`. */
export class BundleManifest {
  @Equals('podway/v1')
  apiVersion: 'podway/v1';

  /** What is published, for people: `shop`. */
  @Matches(NAME)
  name: string;

  @IsString()
  @MaxLength(100)
  version: string;

  /** Where it goes, unless the publisher says so with the update. */
  @IsOptional()
  @Nested(() => UpdateTarget, { optional: true })
  target?: UpdateTarget;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique((component: Component) => component.name)
  @Nested(() => Component)
  components: Component[];

  /** Tests of this update, besides those of the POD. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => Check, { optional: true })
  checks?: Check[];

  @IsOptional()
  @Nested(() => Prerequisites, { optional: true })
  prerequisites?: Prerequisites;
}
