import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsName, IsProgram, IsRelativePath, Nested } from '../forms.js';
import { SHA256 } from '../patterns.js';
import { DecidesFields, Rule, type Unchecked } from '../rules.js';
import { Condition } from './condition.js';
import { IsProperties, type PropertyValue } from './msi-properties.js';
import { PACKAGE_VERSION, packagesProblem, packagesSchema } from './package-fields.js';
import {
  DATABASE_NAME,
  SCHEMA_VERSION,
  sqlEngines,
  sqlProblem,
  sqlSchema,
  type SqlEngine,
} from './sql-fields.js';

export const installerKinds = ['archive', 'script', 'deb', 'rpm', 'msi', 'sql'] as const;
export type InstallerKind = (typeof installerKinds)[number];

const remote = ['url', 'sha256', 'maxBytes'];

function remoteProblem({ url, sha256, maxBytes }: Unchecked<Component>): string | undefined {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  if (isSet(url) !== isSet(sha256)) return 'url and sha256 go together';
  return isSet(maxBytes) && !isSet(url) ? 'maxBytes goes with url' : undefined;
}

const remoteSchema = {
  dependentRequired: { url: ['sha256'], sha256: ['url'], maxBytes: ['url'] },
};

/** One part of an update and the installer that applies it. Components are applied in order, as far as `needs` lets them. */
export class Component {
  @IsName()
  @Rule(remoteProblem, remoteSchema)
  name: string;

  /** `archive` lays files into the tree; `script` runs a program of the bundle in the tree; `deb`, `rpm` and `msi` install packages; `sql` changes a database. */
  @IsIn(installerKinds)
  @DecidesFields({
    archive: { takes: ['source', 'to', 'mode', ...remote] },
    script: { needs: ['run'], takes: ['timeoutMs'] },
    deb: { takes: ['packages', 'files', 'conffiles', 'repair', 'timeoutMs', ...remote] },
    rpm: { takes: ['files', 'repair', 'timeoutMs', ...remote] },
    sql: {
      needs: ['engine', 'database', 'script', 'version'],
      takes: ['expectedVersion', 'down', 'direction', 'timeoutMs'],
    },
    msi: { takes: ['files', 'properties', 'repair', 'timeoutMs', ...remote] },
  })
  @Rule(packagesProblem, packagesSchema)
  @Rule(sqlProblem, sqlSchema)
  installer: InstallerKind;

  /** Components that come before this one. When one of them is left out, this one is too. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsName({ each: true })
  needs?: string[];

  /** When it is applied. Default: always. */
  @IsOptional()
  @Nested(() => Condition, { optional: true })
  when?: Condition;

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

  /** Where the installer agent fetches what takes the place of the bundle's files. archive: a tar or tar.gz; others: one package. */
  @IsOptional()
  @Matches(/^https?:\/\/[^\s/?#@\u0000-\u001f\u007f]+(\/[^\s#\u0000-\u001f\u007f]*)?$/, {
    message: 'must be an http or https URL without user, password and #',
  })
  @MaxLength(2_000)
  url?: string;

  /** SHA-256 of what is at `url`, lower-case hex. Anything else is refused. */
  @IsOptional()
  @Matches(SHA256, { message: 'must be a SHA-256 in lower-case hex' })
  sha256?: string;

  /** Most bytes that are taken from `url`. Default, and most: as the installer agent's setting says. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  maxBytes?: number;

  /** script: program and arguments. A program with a `/` is one of the bundle. No shell is involved. Exit 0 is success. */
  @IsOptional()
  @IsProgram()
  run?: string[];

  /** deb, rpm, msi: packages of the bundle; for msi one. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique()
  @IsRelativePath({ each: true })
  files?: string[];

  /** deb: packages of the repositories that the server knows, with their exact versions: `nginx=1.22.1-9+deb12u1`. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique()
  @Matches(PACKAGE_VERSION, {
    each: true,
    message: 'must be packages with versions, like nginx=1.22.1-9+deb12u1',
  })
  packages?: string[];

  /** deb: what becomes of configuration files that were changed on the server: `keep` (default) or `replace`. */
  @IsOptional()
  @IsIn(['keep', 'replace'])
  conffiles?: 'keep' | 'replace';

  /** deb, rpm, msi: installs again what is there in this version already, so that files that were lost or changed are put back. */
  @IsOptional()
  @IsBoolean()
  repair?: boolean;

  /** msi: public properties by their names: text, or a variable that is no secret, as {variable: edition}. */
  @IsOptional()
  @IsProperties()
  properties?: Record<string, PropertyValue>;

  /** sql: of which product the database is. */
  @IsOptional()
  @IsIn(sqlEngines)
  engine?: SqlEngine;

  /** sql: the database, which a part of the POD's state holds. */
  @IsOptional()
  @Matches(DATABASE_NAME, { message: 'must be the name of a database: at most 48 of a-z, 0-9 and _' })
  database?: string;

  /** sql: file of the bundle that brings the schema from `expectedVersion` to `version`. */
  @IsOptional()
  @IsRelativePath()
  script?: string;

  /** sql: version that the script makes. */
  @IsOptional()
  @Matches(SCHEMA_VERSION, { message: "must be a version in quotes, like '4'" })
  version?: string;

  /** sql: version that must be there before. Default: none, this is the first. */
  @IsOptional()
  @Matches(SCHEMA_VERSION, { message: "must be a version in quotes, like '3'" })
  expectedVersion?: string;

  /** sql: file of the bundle that brings the schema back from `version` to `expectedVersion`. */
  @IsOptional()
  @IsRelativePath()
  down?: string;

  /** sql: `up` (default) runs `script`, `down` runs `down`. */
  @IsOptional()
  @IsIn(['up', 'down'])
  direction?: 'up' | 'down';

  /** All but archive: longest time in milliseconds. Default 600000. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(86_400_000)
  timeoutMs?: number;
}
