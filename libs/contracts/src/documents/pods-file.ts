import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsAbsolutePath, IsName, IsProgram, IsRelativePath, Nested, UniqueNames } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';
import { Check } from './checks.js';

/** How to reach one machine over SSH. */
export class SshHop {
  @Matches(/^[A-Za-z0-9._:-]+$/)
  @MaxLength(255)
  host: string;

  /** Default 22. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number;

  /** Default `root`. */
  @IsOptional()
  @Matches(/^[a-z_][a-z0-9_-]{0,31}$/)
  user?: string;

  /** The host's public keys, as in known_hosts: `ssh-ed25519 AAAA…`. A host with another key is refused. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Matches(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?$/, {
    each: true,
    message: 'must be host keys as in known_hosts: ssh-ed25519 AAAA…',
  })
  hostKeys: string[];

  /** Private key file on the machine where the workers run. Default: the setting PODWAY_SSH_KEY. */
  @IsOptional()
  @IsAbsolutePath()
  identityFile?: string;
}

/** SSH to a server, directly or through a jump host. */
export class SshAccess extends SshHop {
  @IsOptional()
  @Nested(() => SshHop, { optional: true })
  jump?: SshHop;
}

function reachProblem({ ssh, local }: Unchecked<ServerSpec>): string | undefined {
  const isRemote = ssh !== undefined && ssh !== null;
  if (isRemote && local === true)
    return 'the server has both ssh and local: true; it is reached in one way only';
  return isRemote || local === true
    ? undefined
    : 'the server has neither ssh nor local: true to be reached by';
}

const reachSchema = {
  oneOf: [{ required: ['ssh'] }, { required: ['local'], properties: { local: { const: true } } }],
};

/** One server of a POD. Exactly one of `ssh` and `local` says how it is reached. */
export class ServerSpec {
  @IsName()
  @Rule(reachProblem, reachSchema)
  name: string;

  /** The server's place. */
  @IsOptional()
  @IsName()
  region?: string;

  @IsOptional()
  @Nested(() => SshAccess, { optional: true })
  ssh?: SshAccess;

  /** The server is the machine that Podway runs on. */
  @IsOptional()
  @IsBoolean()
  local?: boolean;

  /** Where users' accesses go: `http://10.0.0.11:8080`. */
  @Matches(/^http:\/\/[^/?#@\s]+\/?$/, { message: 'must be like http://10.0.0.11:8080, without a path' })
  @IsUrl({ require_tld: false, protocols: ['http'], require_protocol: true, require_port: false })
  @MaxLength(300)
  http: string;

  /** Folder of the POD's state on this server, when it differs from the POD's `path`. */
  @IsOptional()
  @IsAbsolutePath()
  path?: string;

  /** Share of accesses relative to the others, 1 to 100. Default 1. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  weight?: number;
}

/** What of a server Podway manages, and how. */
export class StateSpec {
  /** `tree`: release folders beside each other and a link `current` that is switched. */
  @IsIn(['tree'])
  driver: 'tree';

  /** Paths that live outside the releases and are linked into each: uploads, `.env`. A trailing `/` makes a folder. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(200)
  @IsRelativePath({ each: true })
  shared?: string[];

  /** Paths in a release that are neither compared nor replicated: caches. Each names a file or a folder with all below. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(200)
  @IsRelativePath({ each: true })
  excluded?: string[];

  /** Verified releases that stay on each server. Default 5. */
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1000)
  keep?: number;

  /** Program and arguments run on a server after each switch: `[systemctl, reload, nginx]`. */
  @IsOptional()
  @IsProgram()
  reload?: string[];
}

export const canaryPolicies = ['first', 'least-loaded'] as const;
export type CanaryPolicy = (typeof canaryPolicies)[number];

/** How a POD wants its updates done. */
export class PolicySpec {
  /** `least-loaded` (default) takes the healthy server with the lowest load; `first` the first healthy one of the file. */
  @IsOptional()
  @IsIn(canaryPolicies)
  canary?: CanaryPolicy;

  /** Fewest servers that must stay in rotation during an update. Default 1 for PODs of two and more. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1000)
  minInRotation?: number;

  /** When some servers cannot take the release: put all back, or go on and keep those out until they caught up. Default `rollback-all`. */
  @IsOptional()
  @IsIn(['rollback-all', 'quarantine'])
  onPartialFailure?: 'rollback-all' | 'quarantine';

  /** How long a drained server may finish running accesses, in milliseconds. Default 10000. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  drainTimeoutMs?: number;

  /** After how long without a word from Podway a changed server restores itself, in milliseconds. Default 900000. */
  @IsOptional()
  @IsInt()
  @Min(5_000)
  @Max(86_400_000)
  watchdogMs?: number;
}

// The canary is out of rotation during each update.
function minInRotationProblem({ servers, policy }: Unchecked<PodSpec>): string | undefined {
  const { minInRotation } = (policy ?? {}) as { minInRotation?: unknown };
  if (!Array.isArray(servers) || typeof minInRotation !== 'number') return undefined;
  const most = Math.max(1, servers.length - 1);
  if (minInRotation <= most) return undefined;
  return `policy.minInRotation is ${minInRotation}: a POD of ${servers.length} can keep at most ${most} in rotation during an update`;
}

/** One POD: a group of servers that serve the same content of one client. */
export class PodSpec {
  @IsName()
  name: string;

  @IsName()
  client: string;

  /** Host names whose accesses go to this POD. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(200)
  @ArrayUnique()
  @Matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { each: true })
  hosts?: string[];

  /** Folder of the POD's state on each server; the web server's root is `<path>/current`. */
  @IsAbsolutePath()
  path: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  @Nested(() => ServerSpec)
  @UniqueNames()
  @Rule(minInRotationProblem)
  servers: ServerSpec[];

  @Nested(() => StateSpec)
  state: StateSpec;

  /** Tests that every release of this POD must pass, on each server. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => Check, { optional: true })
  checks?: Check[];

  @IsOptional()
  @Nested(() => PolicySpec, { optional: true })
  policy?: PolicySpec;
}

/** The inventory file `pods.yaml`. */
export class PodsFile {
  @Equals('podway/v1')
  apiVersion: 'podway/v1';

  @IsArray()
  @ArrayMaxSize(10_000)
  @Nested(() => PodSpec)
  @UniqueNames()
  pods: PodSpec[];
}
