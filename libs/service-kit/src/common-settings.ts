import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
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

  /** Least severe log records that are written. */
  @Setting('PODWAY_LOG_LEVEL')
  @IsIn(LEVELS)
  logLevel: string = 'info';

  /** Port of /livez and /readyz. 0: any free one; unset: none. */
  @Setting('PODWAY_HEALTH_PORT', 'integer')
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(65535)
  healthPort?: number;

  /** Address that /livez and /readyz listen on. */
  @Setting('PODWAY_HEALTH_HOST')
  @IsString()
  @MaxLength(255)
  healthHost: string = '127.0.0.1';

  /** How long a stop waits for running work, in milliseconds. */
  @Setting('PODWAY_STOP_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  stopTimeoutMs: number = 20_000;
}
