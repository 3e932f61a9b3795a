import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { IsAbsolutePath, IsName, Nested } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';
import { ProgramsSpec } from './programs-spec.js';
import { IsVariableValues, type VariableValues } from './variables.js';

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

  /** Values of bundles' variables on this server; they come before those of the POD. */
  @IsOptional()
  @IsVariableValues()
  variables?: VariableValues;

  /** How installers call programs on this server, where that differs from their names. */
  @IsOptional()
  @Nested(() => ProgramsSpec, { optional: true })
  programs?: ProgramsSpec;
}
