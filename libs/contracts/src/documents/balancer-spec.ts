import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateBy,
} from 'class-validator';
import { FORM } from '../forms.js';
import { NAME } from '../patterns.js';
import { DecidesFields, type Unchecked } from '../rules.js';

export const balancerKinds = ['gateway', 'haproxy'] as const;
export type BalancerKind = (typeof balancerKinds)[number];

/** What HAProxy takes for a name, shorter than its longest. Nothing in it ends a command of the runtime API. */
const HAPROXY_NAME = /^[A-Za-z0-9_.:-]{1,200}$/;
const PORT = /[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]/.source;
const HOST = /[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]/.source;
/** sun_path of a Unix socket holds 107 characters. */
const SOCKET = new RegExp(String.raw`^(\/[^\s\0]{1,106}|tcp:\/\/(${HOST}):(${PORT}))$`);
const MOST_SERVERS = 500;

/** Names of a POD's servers in HAProxy. */
function IsServerNames(): PropertyDecorator {
  const schema = {
    type: 'object',
    additionalProperties: { type: 'string', pattern: HAPROXY_NAME.source },
    propertyNames: { pattern: NAME.source },
    maxProperties: MOST_SERVERS,
  };
  return ValidateBy({
    name: FORM,
    constraints: [schema],
    validator: {
      validate: (value) => serverNamesProblem(value) === undefined,
      defaultMessage: (args) => serverNamesProblem(args?.value) ?? '',
    },
  });
}

function serverNamesProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must be names by server, like {web1: app_01}';
  const entries = Object.entries(value);
  if (entries.length > MOST_SERVERS) return `must have at most ${MOST_SERVERS} entries`;
  const bad = entries.find(
    ([name, there]) => !NAME.test(name) || typeof there !== 'string' || !HAPROXY_NAME.test(there),
  );
  return bad && `${bad[0]} must be a server's name with its name in HAProxy: letters, digits and _ . : -`;
}

/** Which load balancer takes the POD's accesses. */
export class BalancerSpec {
  /** `gateway` (default): Podway's own gateways. `haproxy`: HAProxy, driven by its runtime API. */
  @IsIn(balancerKinds)
  @DecidesFields({
    gateway: {},
    haproxy: { needs: ['sockets', 'backend'], takes: ['servers', 'timeoutMs'] },
  })
  kind: BalancerKind;

  /** haproxy: the `stats socket` of level admin of every HAProxy that takes accesses of the POD: a path, or `tcp://host:port`. All follow each change. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique()
  @Matches(SOCKET, {
    each: true,
    message: 'must be sockets like /run/haproxy/admin.sock or tcp://10.0.0.5:9999',
  })
  sockets?: string[];

  /** haproxy: name of the backend that holds the POD's servers, and no others. */
  @IsOptional()
  @Matches(HAPROXY_NAME, { message: 'must be a name of HAProxy: letters, digits and _ . : -' })
  backend?: string;

  /** haproxy: names of servers in the backend, where they differ from those in this file: `{web1: app_01}`. */
  @IsOptional()
  @IsServerNames()
  servers?: Record<string, string>;

  /** haproxy: longest wait for an answer of the runtime API, in milliseconds. Default 2000. */
  @IsOptional()
  @IsInt()
  @Min(50)
  @Max(10_000)
  timeoutMs?: number;
}

const isObjectWith = (key: string, value: unknown) => ({
  type: 'object',
  properties: { [key]: { const: value } },
  required: [key],
});

/** What of it JSON Schema can say. */
export const balancerSchema = {
  not: {
    properties: { balancer: isObjectWith('kind', 'haproxy'), policy: isObjectWith('fenceWrites', true) },
    required: ['balancer', 'policy'],
  },
};

/** What is wrong between a POD's `balancer`, its servers and its policy. */
export function balancerProblem(
  pod: Unchecked<{ servers: unknown; balancer: unknown; policy: unknown }>,
): string | undefined {
  const { kind, servers: map } = (pod.balancer ?? {}) as { kind?: unknown; servers?: unknown };
  const { fenceWrites } = (pod.policy ?? {}) as { fenceWrites?: unknown };
  if (kind === 'haproxy' && fenceWrites === true)
    return "policy.fenceWrites needs Podway's own gateways: HAProxy cannot be told to refuse writes";
  if (!Array.isArray(pod.servers) || serverNamesProblem(map) !== undefined) return undefined;
  const inHaproxy = map as Record<string, string>;
  const names = (pod.servers as ({ name?: unknown } | null)[]).map((server) => String(server?.name));
  const unknown = Object.keys(inHaproxy).find((name) => !names.includes(name));
  if (unknown !== undefined) return `servers names ${unknown}, which is no server of the POD`;
  const there = names.map((name) => (Object.hasOwn(inHaproxy, name) ? inHaproxy[name] : name));
  const at = there.findIndex((name, index) => there.indexOf(name) < index);
  if (at === -1) return undefined;
  return `${names[there.indexOf(there[at])]} and ${names[at]} are both ${there[at]} in HAProxy`;
}
