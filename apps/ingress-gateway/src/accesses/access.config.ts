import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { CommonSettings, Setting } from '@podway/service-kit';

const HOST = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const HOSTS = new RegExp(`^${HOST}(,${HOST})*$`);
const PATHS = /^\/[!-+\--~]*(,\/[!-+\--~]*)*$/;

/** Settings of the gateway's listeners and of accesses. Times in milliseconds, sizes in bytes. */
export class AccessSettings extends CommonSettings {
  /** Host names, with commas between, whose requests on the access ports are the API's. With PODWAY_API_PORT the same as PODWAY_ACCESS_PORT there is one port for both. */
  @Setting('PODWAY_API_HOSTS')
  @IsOptional()
  @Matches(HOSTS, { message: 'must be host names in lower case, with commas between' })
  @MaxLength(4_000)
  apiHosts?: string;

  /** What the paths of the API begin with on PODWAY_API_HOSTS, with commas between: `/v1/,/livez,/readyz`. Others get 404. */
  @Setting('PODWAY_API_PATHS')
  @Matches(PATHS, { message: 'must be beginnings of paths, with commas between' })
  @MaxLength(4_000)
  apiPaths: string = '/';

  /** Users' accesses to PODs over TLS. 0: any free port. Unset: none. */
  @Setting('PODWAY_ACCESS_TLS_PORT', 'integer')
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(65535)
  accessTlsPort?: number;

  /** Folder of the certificates. Needed with PODWAY_ACCESS_TLS_PORT. */
  @Setting('PODWAY_TLS_DIR')
  @IsOptional()
  @IsString()
  @MaxLength(4_000)
  tlsDir?: string;

  /** Between looks for changed certificates. */
  @Setting('PODWAY_TLS_POLL_MS', 'integer')
  @IsInt()
  @Min(20)
  @Max(3_600_000)
  tlsPollMs: number = 10_000;

  /** Port that users reach the TLS listener by: redirects to HTTPS name it. */
  @Setting('PODWAY_TLS_PUBLIC_PORT', 'integer')
  @IsInt()
  @Min(1)
  @Max(65535)
  tlsPublicPort: number = 443;

  /** Longest time for the headers of a request, and for a TLS handshake. API and accesses. */
  @Setting('PODWAY_HEADERS_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(600_000)
  headersTimeoutMs: number = 15_000;

  /** Largest headers of a request. API and accesses. */
  @Setting('PODWAY_MAX_HEADER_BYTES', 'integer')
  @IsInt()
  @Min(1_024)
  @Max(1_048_576)
  maxHeaderBytes: number = 16_384;

  /** Most connections to one port. API and accesses. */
  @Setting('PODWAY_MAX_CONNECTIONS', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxConnections: number = 10_000;

  /** Most connections to one port from one address. 0: no limit of its own. Not looked at with PODWAY_TRUST_FORWARDED. */
  @Setting('PODWAY_MAX_CONNECTIONS_PER_ADDRESS', 'integer')
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  maxConnectionsPerAddress: number = 1_000;

  /** Largest body of an access. */
  @Setting('PODWAY_ACCESS_MAX_BODY_BYTES', 'integer')
  @IsInt()
  @Min(0)
  maxAccessBodyBytes: number = 1024 ** 3;

  /** Longest time for an access to arrive, its body included. */
  @Setting('PODWAY_ACCESS_REQUEST_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  accessRequestTimeoutMs: number = 3_600_000;

  /** Longest wait for the next part of an access's body. */
  @Setting('PODWAY_ACCESS_BODY_IDLE_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  accessBodyIdleMs: number = 30_000;

  /** Longest wait for a user to take what of the response was sent. */
  @Setting('PODWAY_ACCESS_SEND_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  accessSendTimeoutMs: number = 60_000;

  /** How long an upgraded connection (WebSocket) may be silent in both directions. */
  @Setting('PODWAY_ACCESS_TUNNEL_IDLE_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  accessTunnelIdleMs: number = 3_600_000;

  /** Most health checks that run at once. */
  @Setting('PODWAY_ACCESS_HEALTH_CHECKS', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000)
  accessHealthChecks: number = 16;

  /** Key of the names of servers in sticky cookies. The same on all gateways. Unset: whoever guesses a server's name can recognise it. */
  @Setting('PODWAY_STICKY_KEY', 'text', { secret: true })
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  stickyKey?: string;

  /** How long idle connections may still send a last request when the gateway stops. */
  @Setting('PODWAY_GATEWAY_LINGER_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(60_000)
  lingerMs: number = 1_000;
}
