import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { NAME } from '@podway/contracts';
import { Setting } from '@podway/service-kit';
import { ClientMessagesSettings } from './api/messages/client-messages.config.js';

/** Settings of the gateway. Times in milliseconds, sizes in bytes. */
export class IngressGatewaySettings extends ClientMessagesSettings {
  /** Address that the listeners bind to. */
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

  /** Origins, with commas between, whose pages may call the API from browsers: `https://ops.example.org`. Unset: none. */
  @Setting('PODWAY_API_ORIGINS')
  @IsOptional()
  @Matches(/^https?:\/\/[a-z0-9.:[\]-]+(,https?:\/\/[a-z0-9.:[\]-]+)*$/)
  @MaxLength(4000)
  apiOrigins?: string;

  /** Folder of the built dashboard. Default: where `npm run build` puts it. */
  @Setting('PODWAY_DASHBOARD_DIR')
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  dashboardDir?: string;

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

  /** Between looks whether every HAProxy of the inventory is as the rotation wants it, besides being told of changes. */
  @Setting('PODWAY_HAPROXY_WATCH_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(60_000)
  haproxyWatchMs: number = 1_000;

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

  /** Refusals of one kind (who, what, why) that are recorded one by one in a minute; the rest is summed up in one record. */
  @Setting('PODWAY_AUDIT_REFUSALS_PER_MINUTE', 'integer')
  @IsInt()
  @Min(0)
  @Max(10_000)
  auditRefusalsPerMinute: number = 20;

  /** How long a stop waits for running requests and accesses. */
  @Setting('PODWAY_GATEWAY_STOP_WAIT_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(600_000)
  stopWaitMs: number = 10_000;

  /** How long a request for the difference of two releases waits for its answer, in milliseconds. */
  @Setting('PODWAY_DIFF_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(300_000)
  diffTimeoutMs: number = 20_000;

  /** How long a request for a diagnosis of servers waits for it, in milliseconds. */
  @Setting('PODWAY_DIAGNOSIS_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(600_000)
  diagnosisTimeoutMs: number = 120_000;

  /** Folder of uploads that are under way; gateways behind one balancer share it. Default: `uploads` in PODWAY_ARTIFACTS_DIR. */
  @Setting('PODWAY_UPLOADS_DIR')
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  uploadsDir?: string;

  /** After this time an upload that is not finished is given up. */
  @Setting('PODWAY_UPLOAD_EXPIRES_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(2_592_000_000)
  uploadExpiresMs: number = 86_400_000;

  /** How long an artifact that nothing needs stays after it was last stored or published. */
  @Setting('PODWAY_ARTIFACT_RETENTION_MS', 'integer')
  @IsInt()
  @Min(60_000)
  artifactRetentionMs: number = 2_592_000_000;

  /** How long lines of installers' and checks' logs are kept, of deployments that are over. */
  @Setting('PODWAY_LOGS_KEPT_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(315_360_000_000)
  logsKeptMs: number = 2_592_000_000;

  /** How long events are kept. Those of deployments that are not over, and those that a webhook waits for, are kept longer. */
  @Setting('PODWAY_EVENTS_KEPT_MS', 'integer')
  @IsInt()
  @Min(86_400_000)
  @Max(315_360_000_000)
  eventsKeptMs: number = 31_536_000_000;

  /** Between looks for artifacts that nothing needs, old lines of logs and events, and uploads that were given up. */
  @Setting('PODWAY_COLLECT_EVERY_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(86_400_000)
  collectEveryMs: number = 3_600_000;

  /** Bytes that a client may have: stored artifacts and uploads that are under way, together. */
  @Setting('PODWAY_QUOTA_BYTES', 'integer')
  @IsInt()
  @Min(0)
  quotaBytes: number = 50 * 1024 ** 3;

  /** Artifacts that a client may have stored. */
  @Setting('PODWAY_QUOTA_ARTIFACTS', 'integer')
  @IsInt()
  @Min(0)
  quotaArtifacts: number = 10_000;

  /** Files, folders and links that one bundle of a client may hold. */
  @Setting('PODWAY_QUOTA_FILES', 'integer')
  @IsInt()
  @Min(1)
  quotaFiles: number = 200_000;

  /** Requests that change something, of one client in a minute. */
  @Setting('PODWAY_QUOTA_REQUESTS_PER_MINUTE', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  quotaRequestsPerMinute: number = 600;

  /** Uploads of one client that are under way at once. */
  @Setting('PODWAY_QUOTA_OPEN_UPLOADS', 'integer')
  @IsInt()
  @Min(0)
  quotaOpenUploads: number = 20;

  /** Accepted updates of one client that have not begun yet, over all its PODs. */
  @Setting('PODWAY_QUOTA_WAITING_UPDATES', 'integer')
  @IsInt()
  @Min(0)
  quotaWaitingUpdates: number = 10_000;
}
