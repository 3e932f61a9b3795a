import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { NAME } from '@podway/contracts';
import { CommonSettings, Setting } from '@podway/service-kit';

/** Settings of the gateway. Times in milliseconds, sizes in bytes. */
export class IngressGatewaySettings extends CommonSettings {
  /** Address that both listeners bind to. */
  @Setting('PODWAY_HOST')
  @IsString()
  @MaxLength(255)
  host: string = '127.0.0.1';

  /** Updates, and all else for publishers and operators. 0: any free port. */
  @Setting('PODWAY_API_PORT', 'integer')
  @IsInt()
  @Min(0)
  @Max(65535)
  apiPort: number = 7780;

  /** Users' accesses to PODs. 0: any free port. */
  @Setting('PODWAY_ACCESS_PORT', 'integer')
  @IsInt()
  @Min(0)
  @Max(65535)
  accessPort: number = 7788;

  /** Largest bundle that is taken. */
  @Setting('PODWAY_MAX_BUNDLE_BYTES', 'integer')
  @IsInt()
  @Min(1)
  maxBundleBytes: number = 2 * 1024 ** 3;

  /** Longest time for one request to the API, upload included. */
  @Setting('PODWAY_API_REQUEST_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  apiRequestTimeoutMs: number = 3_600_000;

  /** Between signs of life on an event stream. */
  @Setting('PODWAY_EVENTS_HEARTBEAT_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(300_000)
  eventsHeartbeatMs: number = 15_000;

  /** Between looks at the rotation and the inventory, besides being told of changes. */
  @Setting('PODWAY_ROTATION_POLL_MS', 'integer')
  @IsInt()
  @Min(20)
  @Max(5_000)
  rotationPollMs: number = 1_000;

  /** Name of this gateway among others; the same again after a restart. Default: host name and access port. */
  @Setting('PODWAY_GATEWAY_ID')
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,200}$/)
  gatewayId?: string;

  /** POD for accesses to a host that no POD claims. Unset: they get 404. */
  @Setting('PODWAY_DEFAULT_POD')
  @IsOptional()
  @Matches(NAME)
  defaultPod?: string;

  /** Longest wait for a connection to a server. */
  @Setting('PODWAY_ACCESS_CONNECT_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(600_000)
  accessConnectTimeoutMs: number = 2_000;

  /** Longest wait for a server's response to begin, and for each next part of it. */
  @Setting('PODWAY_ACCESS_RESPONSE_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  accessResponseTimeoutMs: number = 60_000;

  /** Most servers tried for one access. */
  @Setting('PODWAY_ACCESS_TRIES', 'integer')
  @IsInt()
  @Min(1)
  @Max(20)
  accessTries: number = 3;

  /** How long a server that failed an access is passed over while others are there. */
  @Setting('PODWAY_ACCESS_FAILED_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(600_000)
  accessFailedMs: number = 5_000;

  /** Most connections to one server. */
  @Setting('PODWAY_ACCESS_CONNECTIONS', 'integer')
  @IsInt()
  @Min(1)
  @Max(10_000)
  accessConnections: number = 256;

  /** `true`: X-Forwarded-* of who asks are believed, because a proxy of ours is in front. */
  @Setting('PODWAY_TRUST_FORWARDED', 'boolean')
  @IsIn([true, false])
  trustForwarded: boolean = false;

  /** How long a stop waits for running requests and accesses. */
  @Setting('PODWAY_GATEWAY_STOP_WAIT_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(600_000)
  stopWaitMs: number = 10_000;
}
