import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { IsAbsolutePath, IsName, IsProgram, IsRelativePath, Nested, UniqueNames } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';
import { AccessesSpec } from './accesses-spec.js';
import { BalancerSpec, balancerProblem, balancerSchema } from './balancer-spec.js';
import {
  canaryPolicies,
  canaryServerProblem,
  loadSources,
  namedCanaryProblem,
  pinnedProblem,
  pinnedSchema,
  type CanaryPolicy,
  type LoadSource,
} from './canary-policy.js';
import { Check } from './checks.js';
import { environments, type Environment } from './environment.js';
import { promotionProblem, promotions, type Promotion } from './promotion.js';
import { PublisherChecksSpec } from './publisher-checks.js';
import { ResourceSpec, resourcesProblem } from './resource-spec.js';
import { ServerSpec } from './server-spec.js';
import { StatePart } from './state-part.js';
import { VerificationSpec, checksProblem } from './verification-spec.js';
import { DriftSpec } from './drift-spec.js';
import { ApprovalSpec, QueueSpec, WindowsSpec } from './waiting-spec.js';
import { IsVariableValues, type VariableValues } from './variables.js';

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

  /** What else of a server belongs to its state. They are recorded and put back as one set with the tree, in this order. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @Nested(() => StatePart, { optional: true })
  @UniqueNames()
  parts?: StatePart[];
}

/** How a POD wants its updates done. */
export class PolicySpec {
  /** `least-loaded` (default) takes the healthy server with the lowest load; `first` the first healthy one of the file; `round-robin` the next after the last deployment's; `pinned` the one that `canaryServer` names, and no other. */
  @IsOptional()
  @IsIn(canaryPolicies)
  @Rule(pinnedProblem, pinnedSchema)
  canary?: CanaryPolicy;

  /** The canary of `canary: pinned`. */
  @IsOptional()
  @IsName()
  @Rule(canaryServerProblem)
  canaryServer?: string;

  /** Where the load of a server is read: `servers` (default) its own load average for each processor, `accesses` the accesses that run on it, as the POD's balancer counts them. */
  @IsOptional()
  @IsIn(loadSources)
  loadFrom?: LoadSource;

  /** A server whose load is above it is not taken as the canary. `servers`: load average of one minute for each processor, like 1.5; `accesses`: running accesses. Default: none. */
  @IsOptional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0.01)
  @Max(1_000_000)
  busyLimit?: number;

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

  /** How the other servers come to a release that was verified: `replicate` (default) carries the canary's state to them; `install` lets the installers run on each of them, and they must come to the same state. */
  @IsOptional()
  @IsIn(promotions)
  promotion?: Promotion;

  /** How long a drained server may finish running accesses, in milliseconds. Default 10000. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  drainTimeoutMs?: number;

  /** Users may not write from before the snapshot until the deployment is over: gateways answer 503 to all but reading requests, and a roll-back loses nothing. Default false. */
  @IsOptional()
  @IsBoolean()
  fenceWrites?: boolean;

  /** After how long without a word from Podway a changed server restores itself, in milliseconds. Default 900000. */
  @IsOptional()
  @IsInt()
  @Min(5_000)
  @Max(86_400_000)
  watchdogMs?: number;

  /** How updates wait for the POD. */
  @IsOptional()
  @Nested(() => QueueSpec, { optional: true })
  queue?: QueueSpec;

  /** When updates may begin. Default: at any time. */
  @IsOptional()
  @Nested(() => WindowsSpec, { optional: true })
  windows?: WindowsSpec;

  /** Whether somebody has to approve what the canary shows. Default: nobody has to. */
  @IsOptional()
  @Nested(() => ApprovalSpec, { optional: true })
  approval?: ApprovalSpec;

  /** How servers that are no longer as they were proved are found, and what becomes of them. */
  @IsOptional()
  @Nested(() => DriftSpec, { optional: true })
  drift?: DriftSpec;

  /** `required`: only signed updates are taken. Default `optional`; a signature that is given must be right. */
  @IsOptional()
  @IsIn(['required', 'optional'])
  signatures?: 'required' | 'optional';

  /** How the canary is watched, and which Prometheus knows about it. */
  @IsOptional()
  @Nested(() => VerificationSpec, { optional: true })
  verification?: VerificationSpec;

  /** What the checks in publishers' bundles may be. */
  @IsOptional()
  @Nested(() => PublisherChecksSpec, { optional: true })
  publisherChecks?: PublisherChecksSpec;
}

// The canary is out of rotation during each update. Parts change where they are, so at the switch all the others are out.
function minInRotationProblem({ servers, policy, state }: Unchecked<PodSpec>): string | undefined {
  const { minInRotation } = (policy ?? {}) as { minInRotation?: unknown };
  if (!Array.isArray(servers) || typeof minInRotation !== 'number') return undefined;
  const { parts } = (state ?? {}) as { parts?: unknown };
  if (minInRotation > 1 && Array.isArray(parts) && parts.length > 0)
    return `policy.minInRotation is ${minInRotation}: a POD with state.parts can keep only its canary in rotation at the switch`;
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

  /** What the POD is for. A roll-back of a production POD on the dashboard wants its name typed. Default `production`. */
  @IsOptional()
  @IsIn(environments)
  environment?: Environment;

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
  @Rule(checksProblem)
  checks?: Check[];

  @IsOptional()
  @Nested(() => PolicySpec, { optional: true })
  @Rule(namedCanaryProblem)
  @Rule(promotionProblem)
  policy?: PolicySpec;

  @IsOptional()
  @Nested(() => BalancerSpec, { optional: true })
  @Rule(balancerProblem, balancerSchema)
  balancer?: BalancerSpec;

  /** How users' accesses to this POD are taken. */
  @IsOptional()
  @Nested(() => AccessesSpec, { optional: true })
  accesses?: AccessesSpec;

  /** Values of bundles' variables on all servers of this POD; they come before a bundle's defaults. */
  @IsOptional()
  @IsVariableValues()
  variables?: VariableValues;
}

/** The inventory file `pods.yaml`. */
export class PodsFile {
  @Equals('podway/v1')
  apiVersion: 'podway/v1';

  @IsArray()
  @ArrayMaxSize(10_000)
  @Nested(() => PodSpec)
  @UniqueNames()
  @Rule(resourcesProblem)
  pods: PodSpec[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10_000)
  @Nested(() => ResourceSpec, { optional: true })
  resources?: ResourceSpec[];
}
