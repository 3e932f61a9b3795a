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
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from '../messages/step.js';
import { ABSOLUTE_PATH, NAME, RELATIVE_PATH } from '../patterns.js';
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
  @Matches(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?$/, { each: true })
  hostKeys: string[];

  /** Private key file on the machine where the workers run. Default: the setting PODWAY_SSH_KEY. */
  @IsOptional()
  @Matches(ABSOLUTE_PATH)
  identityFile?: string;
}

/** SSH to a server, directly or through a jump host. */
export class SshAccess extends SshHop {
  @IsOptional()
  @Nested(() => SshHop, { optional: true })
  jump?: SshHop;
}

/** One server of a POD. Exactly one of `ssh` and `local` says how it is reached. */
export class ServerSpec {
  @Matches(NAME)
  name: string;

  /** The server's place. */
  @IsOptional()
  @Matches(NAME)
  region?: string;

  @IsOptional()
  @Nested(() => SshAccess, { optional: true })
  ssh?: SshAccess;

  /** The server is the machine that Podway runs on. */
  @IsOptional()
  @IsBoolean()
  local?: boolean;

  /** Where users' accesses go: `http://10.0.0.11:8080`. */
  @IsUrl({ require_tld: false, protocols: ['http'], require_protocol: true, require_port: false })
  @MaxLength(300)
  http: string;

  /** Folder of the POD's state on this server, when it differs from the POD's `path`. */
  @IsOptional()
  @Matches(ABSOLUTE_PATH)
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
  @ArrayMaxSize(200)
  @Matches(RELATIVE_PATH, { each: true })
  shared?: string[];

  /** Paths in a release that are neither compared nor replicated: caches. Each names a file or a folder with all below. */
  @IsOptional()
  @ArrayMaxSize(200)
  @Matches(RELATIVE_PATH, { each: true })
  excluded?: string[];

  /** Verified releases that stay on each server. Default 5. */
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1000)
  keep?: number;

  /** Program and arguments run on a server after each switch: `[systemctl, reload, nginx]`. */
  @IsOptional()
  @IsString({ each: true })
  @MaxLength(4000, { each: true })
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

/** One POD: a group of servers that serve the same content of one client. */
export class PodSpec {
  @Matches(NAME)
  name: string;

  @Matches(NAME)
  client: string;

  /** Host names whose accesses go to this POD. */
  @IsOptional()
  @ArrayMaxSize(200)
  @ArrayUnique()
  @Matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { each: true })
  hosts?: string[];

  /** Folder of the POD's state on each server; the web server's root is `<path>/current`. */
  @Matches(ABSOLUTE_PATH)
  path: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  @ArrayUnique((server: ServerSpec) => server.name)
  @Nested(() => ServerSpec)
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
  @ArrayUnique((pod: PodSpec) => pod.name)
  @Nested(() => PodSpec)
  pods: PodSpec[];
}
