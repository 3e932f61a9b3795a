import {
  ArrayMaxSize,
  ArrayMinSize,
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
import { IsName, IsProgram, IsRelativePath, Nested, UniqueNames } from '../forms.js';
import { UpdateTarget } from '../messages/step.js';
import { DecidesFields } from '../rules.js';
import { Check } from './checks.js';

/** One part of an update and the installer that applies it. Components are applied in order. */
export class Component {
  @IsName()
  name: string;

  /** `archive` lays files into the tree; `script` runs a program of the bundle in the tree. */
  @IsIn(['archive', 'script'])
  @DecidesFields({
    archive: { takes: ['source', 'to', 'mode'] },
    script: { needs: ['run'], takes: ['timeoutMs'] },
  })
  installer: 'archive' | 'script';

  /** archive: folder of the bundle whose files are laid out. Default: the whole bundle without `podway.yaml`. */
  @IsOptional()
  @IsRelativePath()
  source?: string;

  /** archive: folder of the tree that they go to. Default: the tree's root. */
  @IsOptional()
  @IsRelativePath()
  to?: string;

  /** archive: `replace` (default) makes the target folder exactly the source; `merge` adds and overwrites only. */
  @IsOptional()
  @IsIn(['replace', 'merge'])
  mode?: 'replace' | 'merge';

  /** script: program and arguments. A program with a `/` is one of the bundle. No shell is involved. Exit 0 is success. */
  @IsOptional()
  @IsProgram()
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
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(/^[A-Za-z0-9._+-]+$/, { each: true, message: 'must be names of programs' })
  commands?: string[];
}

/** The bundle's manifest `podway.yaml`. */
export class BundleManifest {
  @Equals('podway/v1')
  apiVersion: 'podway/v1';

  /** What is published, for people: `shop`. */
  @IsName()
  name: string;

  @IsString({ message: "must be text: put it in quotes, like '1.0'" })
  @MaxLength(100)
  version: string;

  /** Where it goes, unless the publisher says so with the update. */
  @IsOptional()
  @Nested(() => UpdateTarget, { optional: true })
  target?: UpdateTarget;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Nested(() => Component)
  @UniqueNames()
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
