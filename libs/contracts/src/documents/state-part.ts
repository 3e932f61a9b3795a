import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
  NotEquals,
} from 'class-validator';
import { IsAbsolutePath, IsName, Nested } from '../forms.js';
import { DecidesFields, Rule, type Unchecked } from '../rules.js';
import { PartCommands } from './part-commands.js';
import { databaseFields, databaseProblem, databaseSchema, DatabasePart } from './database-part.js';

export const statePartKinds = ['paths', 'volume', 'packages', 'command', 'database'] as const;
export type StatePartKind = (typeof statePartKinds)[number];

function repositoryProblem({ driver, repository, passwordFile }: Unchecked<StatePart>): string | undefined {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  if (driver !== 'paths' || isSet(repository) === isSet(passwordFile)) return undefined;
  return isSet(repository) ? 'repository needs passwordFile' : 'passwordFile is only for a repository';
}

const repositorySchema = {
  if: { properties: { driver: { const: 'paths' } } },
  then: { dependentRequired: { repository: ['passwordFile'], passwordFile: ['repository'] } },
};

/** What else of a server is recorded, put back, replicated and proved, as one with the tree. */
export class StatePart extends DatabasePart {
  /** Shown to people, and the name of its folder on servers. */
  @IsName()
  @NotEquals('tree', { message: 'tree is the name of what `path` holds' })
  name: string;

  /**
   * `paths`: files and folders of the system, where they are. `volume`: a btrfs subvolume. `packages`: Debian packages.
   * `command`: what programs of the operator record and put back. `database`: one of PostgreSQL or MariaDB.
   */
  @IsIn(statePartKinds)
  @DecidesFields({
    paths: { needs: ['paths'], takes: ['excluded', 'tool', 'repository', 'passwordFile'] },
    volume: { needs: ['path'] },
    packages: { needs: ['packages'] },
    command: { needs: ['commands'], takes: ['timeoutMs'] },
    database: databaseFields,
  })
  @Rule(repositoryProblem, repositorySchema)
  @Rule(databaseProblem, databaseSchema)
  driver: StatePartKind;

  /** paths: files and folders: `/etc/nginx`. Each may be missing: that is a state, too. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsAbsolutePath({ each: true })
  paths?: string[];

  /** paths: what below them is neither recorded, compared nor put back. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsAbsolutePath({ each: true })
  excluded?: string[];

  /** paths: the backup program that records them. Default `restic`. */
  @IsOptional()
  @IsIn(['restic', 'borg'])
  tool?: 'restic' | 'borg';

  /**
   * paths: a repository over SFTP that all servers of the POD reach with keys of their own: `sftp:backup@store:/podway`.
   * Default: one on each server, beside the releases.
   */
  @IsOptional()
  @Matches(/^(sftp|ssh):[A-Za-z0-9@._:/[\]-]{1,300}$/, {
    message: 'must be like sftp:backup@store:/podway (restic) or ssh://backup@store/podway (borg)',
  })
  repository?: string;

  /** File on each server with a password. paths: of `repository`; database: of `user`. */
  @IsOptional()
  @IsAbsolutePath()
  passwordFile?: string;

  /** volume: the subvolume: `/srv/data`. It may be missing: that is a state, too. */
  @IsOptional()
  @IsAbsolutePath()
  path?: string;

  /** packages: names, with `*` and `?`: `shop*`. All that an update may change belongs here. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @Matches(/^[a-z0-9*?][a-z0-9.+*?-]{0,127}$/, {
    each: true,
    message: 'must be names of Debian packages, in which * and ? stand for any characters',
  })
  packages?: string[];

  /** command: the programs. */
  @Nested(() => PartCommands, { optional: true })
  commands?: PartCommands;

  /** command: longest time of one of the programs. Default 1800000. */
  @IsOptional()
  @IsInt()
  @Min(1000)
  @Max(3_600_000)
  timeoutMs?: number;
}
