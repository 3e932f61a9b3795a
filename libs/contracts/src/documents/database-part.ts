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
  MaxLength,
  Min,
} from 'class-validator';
import { IsAbsolutePath } from '../forms.js';
import type { FieldsOfKind } from '../rules.js';

export const databaseFields: FieldsOfKind = {
  needs: ['engine', 'database'],
  takes: ['host', 'socket', 'port', 'user', 'passwordFile', 'compare', 'content', 'scope'],
};

interface Unsure {
  readonly driver?: unknown;
  readonly host?: unknown;
  readonly socket?: unknown;
  readonly compare?: unknown;
  readonly content?: unknown;
}

export function databaseProblem({ driver, host, socket, compare, content }: Unsure): string | undefined {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  if (driver !== 'database') return undefined;
  if (isSet(host) && isSet(socket)) return 'a database is reached by its host or by its socket, not by both';
  if (compare === 'all' && isSet(content))
    return 'content is for compare: schema; compare: all is of all tables';
  return undefined;
}

export const databaseSchema = {
  if: { properties: { driver: { const: 'database' } } },
  then: {
    allOf: [
      { not: { required: ['host', 'socket'] } },
      { not: { required: ['compare', 'content'], properties: { compare: { const: 'all' } } } },
    ],
  },
};

/** What a part of the kind `database` says: a whole database of PostgreSQL or MariaDB. */
export class DatabasePart {
  /** database: of which product it is. Its own client programs must be on each server. */
  @IsOptional()
  @IsIn(['postgresql', 'mariadb'])
  engine?: 'postgresql' | 'mariadb';

  /** database: its name. It may be missing on a server: that is a state, too. */
  @IsOptional()
  @Matches(
    /^(?!postgres$|template[01]$|mysql$|sys$|(information|performance)_schema$)[a-z_][a-z0-9_]{0,47}$/,
    {
      message: "must be the name of a database: at most 48 of a-z, 0-9 and _, and none of the system's own",
    },
  )
  database?: string;

  /** database: where it listens, as seen from each server. Default: its socket. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]+$/, { message: 'must be a host name or an address' })
  @MaxLength(255)
  host?: string;

  /** database: the folder of PostgreSQL's socket, or MariaDB's socket file. Default: where the client programs look. */
  @IsOptional()
  @IsAbsolutePath()
  socket?: string;

  /** database: default that of the product. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number;

  /**
   * database: who may read, create and drop it. Default `postgres` (root becomes that user of the system) or `root`.
   * With a password in `passwordFile`, that is used.
   */
  @IsOptional()
  @Matches(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/, { message: 'must be the name of a user of the database' })
  user?: string;

  /**
   * database: what servers are compared by. `schema` (default): the schema, and the rows of the tables in `content`;
   * `all`: all rows, for databases that only updates change.
   */
  @IsOptional()
  @IsIn(['schema', 'all'])
  compare?: 'schema' | 'all';

  /** database: tables whose rows only updates change, such as the one with the version: `versions`, `app.settings`. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @Matches(/^[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$/, {
    each: true,
    message: 'must be names of tables, like versions or app.settings',
  })
  content?: string[];

  /**
   * database: `server` (default): each server has one of its own, which gets the canary's; `pod`: all servers use the
   * same one, which only the canary records and puts back.
   */
  @IsOptional()
  @IsIn(['server', 'pod'])
  scope?: 'server' | 'pod';
}
