import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateIf } from 'class-validator';
import { Setting } from './settings.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Settings that every service has. */
export class CommonSettings {
  /** Podway's database: `postgres://user:password@host:port/database`. */
  @Setting('DATABASE_URL', 'text', { secret: true })
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a URL like postgres://user:password@host:5432/podway' })
  databaseUrl: string;

  /** RabbitMQ: `amqp://user:password@host:port/vhost`. Unset: messages go through the database. */
  @Setting('AMQP_URL', 'text', { secret: true })
  @IsOptional()
  @Matches(/^amqps?:\/\//, { message: 'must be a URL like amqp://user:password@host:5672' })
  amqpUrl?: string;

  /** Folder of the artifacts, shared by the gateway, auth, installer agents and verifiers. */
  @Setting('PODWAY_ARTIFACTS_DIR')
  @IsString()
  @MaxLength(4000)
  artifactsDir: string = '.podway/artifacts';

  /** Where artifacts are: in that folder, or in a bucket of S3. All services must agree. */
  @Setting('PODWAY_ARTIFACTS')
  @IsIn(['directory', 's3'])
  artifactsIn: 'directory' | 's3' = 'directory';

  /** S3: address of the server, `https://s3.example`. Unset: that of AWS in the region. */
  @Setting('PODWAY_S3_ENDPOINT')
  @IsOptional()
  @Matches(/^https?:\/\//, { message: 'must be a URL like https://s3.example' })
  s3Endpoint?: string;

  /** S3: region of the bucket. */
  @Setting('PODWAY_S3_REGION')
  @IsString()
  @MaxLength(100)
  s3Region: string = 'us-east-1';

  /** S3: the bucket. It must be there. */
  @Setting('PODWAY_S3_BUCKET')
  @ValidateIf((settings: CommonSettings) => settings.artifactsIn === 's3')
  @Matches(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
    message: 'must name a bucket when PODWAY_ARTIFACTS is s3',
  })
  s3Bucket?: string;

  /** S3: what all keys begin with; ends with `/`, unless it is empty. */
  @Setting('PODWAY_S3_PREFIX')
  @Matches(/^([A-Za-z0-9!_.()-]+\/)*$/, { message: 'must be like podway/ or podway/artifacts/' })
  s3Prefix: string = '';

  /** S3: the bucket goes into the path, not into the host name. */
  @Setting('PODWAY_S3_PATH_STYLE', 'boolean')
  @IsIn([true, false])
  s3PathStyle: boolean = false;

  /** S3: id of the access key. */
  @Setting('PODWAY_S3_ACCESS_KEY_ID', 'text', { secret: true })
  @ValidateIf((settings: CommonSettings) => settings.artifactsIn === 's3')
  @IsString({ message: 'must be given when PODWAY_ARTIFACTS is s3' })
  s3AccessKeyId?: string;

  /** S3: the access key itself. */
  @Setting('PODWAY_S3_SECRET_ACCESS_KEY', 'text', { secret: true })
  @ValidateIf((settings: CommonSettings) => settings.artifactsIn === 's3')
  @IsString({ message: 'must be given when PODWAY_ARTIFACTS is s3' })
  s3SecretAccessKey?: string;

  /** Private key file for servers whose entry names none. */
  @Setting('PODWAY_SSH_KEY')
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  sshKey?: string;

  /** `false` refuses servers with `local: true`. */
  @Setting('PODWAY_ALLOW_LOCAL_SERVERS', 'boolean')
  @IsIn([true, false])
  allowLocalServers: boolean = true;

  /** Longest time from now to the expiry of a signed update, in milliseconds. */
  @Setting('PODWAY_SIGNATURE_MAX_LIFETIME_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(31_622_400_000)
  signatureMaxLifetimeMs: number = 604_800_000;

  /** Least severe log records that are written. */
  @Setting('PODWAY_LOG_LEVEL')
  @IsIn(LEVELS)
  logLevel: string = 'info';

  /** Lines that are kept of what one component or check says on one server in one run. */
  @Setting('PODWAY_LOG_MAX_LINES', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  logMaxLines: number = 20_000;

  /** Port of /livez, /readyz and /metrics. 0: any free one; unset: none. */
  @Setting('PODWAY_HEALTH_PORT', 'integer')
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(65535)
  healthPort?: number;

  /** Address that they listen on. */
  @Setting('PODWAY_HEALTH_HOST')
  @IsString()
  @MaxLength(255)
  healthHost: string = '127.0.0.1';

  /** Where spans go, by OTLP over HTTP: `http://127.0.0.1:4318`. Unset: nothing is traced. */
  @Setting('OTEL_EXPORTER_OTLP_ENDPOINT')
  @IsOptional()
  @Matches(/^https?:\/\//, { message: 'must be a URL like http://127.0.0.1:4318' })
  otlpEndpoint?: string;

  /** How long a stop waits for running work, in milliseconds. */
  @Setting('PODWAY_STOP_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  stopTimeoutMs: number = 20_000;
}
