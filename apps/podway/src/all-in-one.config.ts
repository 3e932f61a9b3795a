import { IsIn, IsInt, IsOptional, IsString, Matches, MaxLength, Max, Min } from 'class-validator';
import { Setting } from '@podway/service-kit';

/** Settings of the all-in-one itself. The services in it have theirs besides. */
export class AllInOneSettings {
  /** Everything that the all-in-one keeps: database, artifacts, the admin's key. */
  @Setting('PODWAY_DATA_DIR')
  @IsString()
  @MaxLength(4000)
  dataDir: string = '.podway';

  /** A database to use instead of an embedded one. */
  @Setting('DATABASE_URL', 'text', { secret: true })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a URL like postgres://user:password@host:5432/podway' })
  databaseUrl?: string;

  /** Port of the embedded database on the loopback. 0: any free one. */
  @Setting('PODWAY_POSTGRES_PORT', 'integer')
  @IsInt()
  @Min(0)
  @Max(65535)
  postgresPort: number = 0;

  /** Least severe log records that are written, of all services. */
  @Setting('PODWAY_LOG_LEVEL')
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel: string = 'warn';
}

/** Where the gateway listens, as the gateway's own settings have it. */
export class AddressSettings {
  @Setting('PODWAY_API_PORT', 'integer')
  @IsInt()
  @Min(1)
  @Max(65535)
  apiPort: number = 7780;

  @Setting('PODWAY_ACCESS_PORT', 'integer')
  @IsInt()
  @Min(1)
  @Max(65535)
  accessPort: number = 7788;
}
