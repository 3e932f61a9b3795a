import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from '../forms.js';

/** An operating system, as /etc/os-release of the server calls it. */
export class OsWanted {
  /** Its `ID`: `debian`. */
  @Matches(/^[a-z0-9._-]+$/, { message: 'must be an ID of os-release, like debian' })
  @MaxLength(60)
  id: string;

  /** Its `VERSION_ID`, whole or the parts that it begins with: `12` and `22.04`; `22` takes 22.04 too. Default: any. */
  @IsOptional()
  @Matches(/^[a-z0-9._-]+$/, { message: "must be a VERSION_ID of os-release in quotes, like '12'" })
  @MaxLength(60)
  version?: string;
}

/** What the canary must have before anything is touched. */
export class Prerequisites {
  /** Free space below the POD's path, in MiB. */
  @IsOptional()
  @IsInt()
  @Min(0)
  diskFreeMb?: number;

  /** Memory of the server, used or not, in MiB. */
  @IsOptional()
  @IsInt()
  @Min(0)
  memoryMb?: number;

  /** Processors. */
  @IsOptional()
  @IsInt()
  @Min(1)
  cpus?: number;

  /** The server must run one of these. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @Nested(() => OsWanted, { optional: true })
  os?: OsWanted[];

  /** TCP ports that nothing listens on. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(65_535, { each: true })
  freePorts?: number[];

  /** Programs that must be on the server's PATH. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(/^[A-Za-z0-9._+-]+$/, { each: true, message: 'must be names of programs' })
  commands?: string[];
}
