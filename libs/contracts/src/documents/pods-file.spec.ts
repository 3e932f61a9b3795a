import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { PodsFile } from './pods-file.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../../schemas/pods.schema.json', import.meta.url), 'utf8'),
) as object;
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const matchesSchema = ajv.compile(schema);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3mUy9T0q1yXl1lJQv0mJ6r0bV2m4sT0nS7u1sQd9xk';
const ssh = (changes: object = {}) => ({ host: '10.0.0.11', hostKeys: [KEY], ...changes });
const server = (changes: object = {}) => ({ name: 'web1', ssh: ssh(), http: 'http://10.0.0.11', ...changes });
const pod = (changes: object = {}) => ({
  name: 'shop',
  client: 'acme',
  path: '/srv/shop',
  servers: [server(), server({ name: 'web2' })],
  state: { driver: 'tree' },
  ...changes,
});
const file = (...pods: object[]) => ({ apiVersion: 'podway/v1', pods });
const withServer = (changes: object) => file(pod({ servers: [server(changes)] }));
const withState = (changes: object) => file(pod({ state: { driver: 'tree', ...changes } }));
const withPolicy = (policy: unknown) => file(pod({ policy }));
const withBalancer = (changes: unknown) => file(pod({ balancer: changes }));
const haproxy = (changes: object = {}) =>
  withBalancer({ kind: 'haproxy', sockets: ['/run/haproxy/admin.sock'], backend: 'shop', ...changes });
const withCheck = (check: unknown) => file(pod({ checks: [check] }));

function problemsOf(plain: object): readonly string[] {
  try {
    validated(PodsFile, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

describe('a good pods.yaml', () => {
  it.each([
    ['no PODs', file()],
    ['the least', file(pod())],
    ['one server', withServer({})],
    ['a local server', withServer({ ssh: undefined, local: true })],
    ['local: false beside ssh', withServer({ local: false })],
    ['IPv6, a port, a final slash', withServer({ http: 'http://[2001:db8::1]:8080/' })],
    ['a jump host', withServer({ ssh: ssh({ jump: { host: 'gate', hostKeys: [KEY], user: 'deploy' } }) })],
    ['the gateways as its balancer', withBalancer({ kind: 'gateway' })],
    ['HAProxy', haproxy()],
    ['a fence for writes', withPolicy({ fenceWrites: true })],
    [
      'two HAProxies with names of their own',
      haproxy({
        sockets: ['/run/haproxy/admin.sock', 'tcp://127.0.0.1:9999', 'tcp://[::1]:9999'],
        servers: { web1: 'web2', web2: 'App_0.2:x' },
        timeoutMs: 500,
      }),
    ],
    ['a pinned canary', withPolicy({ canary: 'pinned', canaryServer: 'web2' })],
    [
      'turns, by running accesses',
      withPolicy({ canary: 'round-robin', loadFrom: 'accesses', busyLimit: 40 }),
    ],
    ['a limit of load', withPolicy({ canary: 'least-loaded', loadFrom: 'servers', busyLimit: 1.5 })],
    ['null where nothing is wanted', withServer({ region: null })],
    [
      'everything',
      file(
        pod({
          hosts: ['shop.example', 'www.shop.example'],
          servers: ['web1', 'web2', 'web3'].map((name) =>
            server({ name, region: 'eu', weight: 3, path: '/data' }),
          ),
          state: {
            driver: 'tree',
            shared: ['uploads/', '.env'],
            excluded: ['cache'],
            keep: 3,
            reload: ['systemctl', 'reload', 'nginx'],
          },
          checks: [
            { probe: 'http', path: '/health', host: 'shop.example', expectStatus: 200, expectText: 'ok' },
            { probe: 'tcp', port: 443, tries: 2, intervalMs: 100, timeoutMs: 1000, name: 'TLS' },
            { probe: 'tcp' },
            { probe: 'command', run: ['php', '-v'], expectText: 'PHP' },
            { probe: 'fingerprint', file: 'index.html', sha256: 'a'.repeat(64) },
          ],
          policy: {
            canary: 'first',
            minInRotation: 2,
            onPartialFailure: 'quarantine',
            drainTimeoutMs: 0,
            watchdogMs: 60_000,
          },
        }),
        pod({ name: 'blog' }),
      ),
    ],
  ])('%s', (_, plain) => {
    expect(problemsOf(plain)).toEqual([]);
    if (!JSON.stringify(plain).includes('null')) {
      expect(matchesSchema(JSON.parse(JSON.stringify(plain))), JSON.stringify(matchesSchema.errors)).toBe(
        true,
      );
    }
  });

  it('is read into the declared classes', () => {
    const plain = file(pod({ policy: { keep: undefined } }));
    const read = validated(PodsFile, plain, { strict: false });
    expect(read.pods[0]?.servers[0]?.ssh?.hostKeys).toEqual([KEY]);
    expect(read.pods[0]?.servers[0]?.constructor.name).toBe('ServerSpec');
    expect(read.pods[0]?.state.constructor.name).toBe('StateSpec');
  });
});

const program = 'must be a list of a program and its arguments, like [systemctl, reload, nginx]';
const aName = 'must be a name: at most 63 of a-z, 0-9 and -, with no - at its ends';
const relative = 'must be a relative path without empty, . and .. parts';

/** What people write, and what they are told. */
// prettier-ignore
const bad: [string, object, string][] = [
  ['another version', { ...file(), apiVersion: 'podway/v2' }, 'apiVersion: must be equal to podway/v1'],
  ['no PODs at all', { apiVersion: 'podway/v1' }, 'pods: is missing'],
  ['PODs by name', { apiVersion: 'podway/v1', pods: { shop: pod() } }, 'pods: must be an array'],
  ['a POD in a list of its own', file([pod()]), 'pods: entry 0 must be an object, not a list'],
  ['a name for a POD', { apiVersion: 'podway/v1', pods: ['shop'] }, 'pods.0: must be an object'],
  ['the same POD twice', file(pod(), pod({ path: '/srv/other' })), 'pods: the name shop is there twice'],
  ['an unknown property', file(pod({ server: [] })), 'pods.0.server: is not known here'],
  ['an upper-case name', file(pod({ name: 'Shop' })), `pods.0.name: ${aName}`],
  ['no client', file(pod({ client: undefined })), 'pods.0.client: is missing'],
  ['a relative folder', file(pod({ path: 'srv/shop' })), 'pods.0.path: must be an absolute path below /, without empty, . and .. parts'],
  ['one host as text', file(pod({ hosts: 'shop.example' })), 'pods.0.hosts: must be an array'],
  ['a host twice', file(pod({ hosts: ['a.example', 'a.example'] })), "pods.0.hosts: All hosts's elements must be unique"],
  ['no servers', file(pod({ servers: [] })), 'pods.0.servers: must contain at least 1 elements'],
  ['a null for a server', file(pod({ servers: [null] })), 'pods.0.servers.0: is missing'],
  ['servers in a list of lists', file(pod({ servers: [[server()]] })), 'pods.0.servers: entry 0 must be an object, not a list'],
  ['a server twice', file(pod({ servers: [server(), server({ http: 'http://10.0.0.12' })] })), 'pods.0.servers: the name web1 is there twice'],
  ['no state', file(pod({ state: undefined })), 'pods.0.state: is missing'],
  ['an empty list for state', file(pod({ state: [] })), 'pods.0.state: must be one object, not a list'],
  ['a list for state', file(pod({ state: [{ driver: 'tree' }] })), 'pods.0.state: must be one object, not a list'],
  ['text for state', file(pod({ state: 'tree' })), 'pods.0.state: must be an object'],
  ['another driver', file(pod({ state: { driver: 'rsync' } })), 'pods.0.state.driver: must be one of the following values: tree'],
  ['a list for policy', file(pod({ policy: [] })), 'pods.0.policy: must be one object, not a list'],
  ['a canary policy that is not there', withPolicy({ canary: 'random' }), 'pods.0.policy.canary: must be one of the following values: first, least-loaded, round-robin, pinned'],
  ['a pinned canary without a name', withPolicy({ canary: 'pinned' }), 'pods.0.policy.canary: pinned needs canaryServer'],
  ['a named canary that is not pinned', withPolicy({ canary: 'first', canaryServer: 'web1' }), 'pods.0.policy.canaryServer: goes only with canary: pinned'],
  ['a named canary without a policy', withPolicy({ canaryServer: 'web1' }), 'pods.0.policy.canaryServer: goes only with canary: pinned'],
  ['a pinned canary of another POD', withPolicy({ canary: 'pinned', canaryServer: 'web9' }), 'pods.0.policy: canaryServer is web9, which is no server of the POD'],
  ['load from elsewhere', withPolicy({ loadFrom: 'guess' }), 'pods.0.policy.loadFrom: must be one of the following values: servers, accesses'],
  ['a limit of nothing', withPolicy({ busyLimit: 0 }), 'pods.0.policy.busyLimit: must not be less than 0.01'],
  ['another balancer', withBalancer({ kind: 'nginx' }), 'pods.0.balancer.kind: must be one of the following values: gateway, haproxy'],
  ['a balancer of no kind', withBalancer({}), 'pods.0.balancer.kind: is missing'],
  ['a list for balancer', withBalancer([]), 'pods.0.balancer: must be one object, not a list'],
  ['HAProxy without a backend', haproxy({ backend: undefined }), 'pods.0.balancer.kind: haproxy needs backend'],
  ['HAProxy with a fence for writes', file(pod({ balancer: { kind: 'haproxy', sockets: ['/run/haproxy/admin.sock'], backend: 'shop' }, policy: { fenceWrites: true } })), "pods.0.balancer: policy.fenceWrites needs Podway's own gateways: HAProxy cannot be told to refuse writes"],
  ['HAProxy without sockets', haproxy({ sockets: undefined }), 'pods.0.balancer.kind: haproxy needs sockets'],
  ['gateways with a socket', withBalancer({ kind: 'gateway', sockets: ['/run/x'] }), 'pods.0.balancer.kind: gateway takes no sockets'],
  ['a socket that is none', haproxy({ sockets: ['127.0.0.1:9999'] }), 'pods.0.balancer.sockets: must be sockets like /run/haproxy/admin.sock or tcp://10.0.0.5:9999'],
  ['a socket beyond all ports', haproxy({ sockets: ['tcp://127.0.0.1:65536'] }), 'pods.0.balancer.sockets: must be sockets like /run/haproxy/admin.sock or tcp://10.0.0.5:9999'],
  ['the same HAProxy twice', haproxy({ sockets: ['/run/x', '/run/x'] }), "pods.0.balancer.sockets: All sockets's elements must be unique"],
  ['a command for a backend', haproxy({ backend: 'shop;shutdown' }), 'pods.0.balancer.backend: must be a name of HAProxy: letters, digits and _ . : -'],
  ['a list for names in HAProxy', haproxy({ servers: [['web1', 'x']] }), 'pods.0.balancer.servers: must be names by server, like {web1: app_01}'],
  ['a command for a server', haproxy({ servers: { web1: 'x;shutdown' } }), "pods.0.balancer.servers: web1 must be a server's name with its name in HAProxy: letters, digits and _ . : -"],
  ['a name for a server that is not there', haproxy({ servers: { web9: 'x' } }), 'pods.0.balancer: servers names web9, which is no server of the POD'],
  ['two servers that are one in HAProxy', haproxy({ servers: { web1: 'web2' } }), 'pods.0.balancer: web1 and web2 are both web2 in HAProxy'],
  ['reload as a command line', withState({ reload: 'systemctl reload nginx' }), `pods.0.state.reload: ${program}`],
  ['an empty reload', withState({ reload: [] }), `pods.0.state.reload: ${program}`],
  ['a reload without a program', withState({ reload: ['', 'x'] }), 'pods.0.state.reload: must begin with a program'],
  ['a number among arguments', withState({ reload: ['kill', '-1', 1] }), 'pods.0.state.reload: entry 2 must be text: put it in quotes'],
  ['a shared path as text', withState({ shared: 'uploads/' }), 'pods.0.state.shared: must be an array'],
  ['a shared path outside', withState({ shared: ['../uploads'] }), `pods.0.state.shared: ${relative}`],
  ['an excluded absolute path', withState({ excluded: ['/tmp'] }), `pods.0.state.excluded: ${relative}`],
  ['too few kept releases', withState({ keep: 1 }), 'pods.0.state.keep: must not be less than 2'],
  ['neither ssh nor local', withServer({ ssh: undefined }), 'pods.0.servers.0.name: the server has neither ssh nor local: true to be reached by'],
  ['local: false alone', withServer({ ssh: undefined, local: false }), 'pods.0.servers.0.name: the server has neither ssh nor local: true to be reached by'],
  ['both ssh and local', withServer({ local: true }), 'pods.0.servers.0.name: the server has both ssh and local: true; it is reached in one way only'],
  ['a list for ssh', withServer({ ssh: [ssh()] }), 'pods.0.servers.0.ssh: must be one object, not a list'],
  ['a host name for ssh', withServer({ ssh: 'web1' }), 'pods.0.servers.0.ssh: must be an object'],
  ['no host keys', withServer({ ssh: ssh({ hostKeys: [] }) }), 'pods.0.servers.0.ssh.hostKeys: must contain at least 1 elements'],
  ['a fingerprint for a host key', withServer({ ssh: ssh({ hostKeys: ['SHA256:abc'] }) }), 'pods.0.servers.0.ssh.hostKeys: must be host keys as in known_hosts: ssh-ed25519 AAAA…'],
  ['an option for a host', withServer({ ssh: ssh({ host: '-oProxyCommand=x y' }) }), 'pods.0.servers.0.ssh.host: must match /^[A-Za-z0-9._:-]+$/ regular expression'],
  ['a port beyond all', withServer({ ssh: ssh({ port: 65_536 }) }), 'pods.0.servers.0.ssh.port: must not be greater than 65535'],
  ['an address with a path', withServer({ http: 'http://10.0.0.11/shop' }), 'pods.0.servers.0.http: must be like http://10.0.0.11:8080, without a path'],
  ['an address with a password', withServer({ http: 'http://a:b@10.0.0.11' }), 'pods.0.servers.0.http: must be like http://10.0.0.11:8080, without a path'],
  ['an address over TLS', withServer({ http: 'https://10.0.0.11' }), 'pods.0.servers.0.http: must be like http://10.0.0.11:8080, without a path'],
  ['an address without a scheme', withServer({ http: '10.0.0.11:80' }), 'pods.0.servers.0.http: must be like http://10.0.0.11:8080, without a path'],
  ['an unknown probe', withCheck({ probe: 'ping' }), 'pods.0.checks.0.probe: must be one of the following values: http, tcp, command, fingerprint, comparison, metric'],
  ['a check without a probe', withCheck({ path: '/' }), 'pods.0.checks.0.probe: is missing'],
  ['an http check that runs', withCheck({ probe: 'http', run: ['true'] }), 'pods.0.checks.0.probe: http takes no run'],
  ['a tcp check with a path', withCheck({ probe: 'tcp', path: '/', expectText: 'x' }), 'pods.0.checks.0.probe: tcp takes no path and no expectText'],
  ['a command check without one', withCheck({ probe: 'command' }), 'pods.0.checks.0.probe: command needs run'],
  ['a command check as text', withCheck({ probe: 'command', run: 'true' }), `pods.0.checks.0.run: ${program}`],
  ['a fingerprint check of nothing', withCheck({ probe: 'fingerprint', port: 1 }), 'pods.0.checks.0.probe: fingerprint needs file and sha256; fingerprint takes no port'],
  ['a check in a list of its own', withCheck([]), 'pods.0.checks: entry 0 must be an object, not a list'],
  ['a header in the path of a check', withCheck({ probe: 'http', path: '/ HTTP/1.1\r\nX: y' }), 'pods.0.checks.0.path: must match /^\\/[^\\s\\u0000-\\u001f\\u007f]*$/ regular expression'],
];

describe('a bad pods.yaml', () => {
  it.each(bad)('%s', (_, plain, told) => {
    expect(problemsOf(plain)).toEqual([told]);
  });

  // What holds between names cannot be said in JSON Schema; that a program is not empty, it need not.
  it.each(
    bad.filter(([, , told]) => !/is there twice|begin with a program|no server of|are both/.test(told)),
  )('editors see it by the schema: %s', (_, plain) => {
    expect(matchesSchema(JSON.parse(JSON.stringify(plain)))).toBe(false);
  });

  it.each([
    [1, 2, 1],
    [2, 2, 1],
    [3, 5, 2],
  ])('a POD of %i cannot keep %i in rotation', (count, minInRotation, most) => {
    const servers = Array.from({ length: count }, (__, index) => server({ name: `web${index}` }));
    expect(problemsOf(file(pod({ servers, policy: { minInRotation } })))).toEqual([
      `pods.0.servers: policy.minInRotation is ${minInRotation}: a POD of ${count} can keep at most ${most} in rotation during an update`,
    ]);
    expect(problemsOf(file(pod({ servers, policy: { minInRotation: most } })))).toEqual([]);
  });

  it('what servers share is not installed by each of them', () => {
    const database = { name: 'data', driver: 'database', engine: 'postgresql', database: 'shop' };
    const problems = (scope: string, promotion?: string) => {
      const state = { driver: 'tree', parts: [{ ...database, scope }] };
      return problemsOf(file(pod({ state, policy: { ...(promotion && { promotion }) } })));
    };
    expect(problems('pod', 'install')).toEqual([
      'pods.0.policy: policy.promotion is install: the part data is shared by all servers, and each would change it again',
    ]);
    expect(problems('server', 'install')).toEqual([]);
    expect(problems('pod', 'replicate')).toEqual([]);
    expect(problems('pod')).toEqual([]);
    expect(problems('server', 'copy')).not.toEqual([]);
  });

  it('a POD with parts keeps its canary alone in rotation at the switch', () => {
    const state = { driver: 'tree', parts: [{ name: 'nginx', driver: 'paths', paths: ['/etc/nginx'] }] };
    const servers = ['a', 'b', 'c'].map((name) => ({ name, local: true, http: 'http://10.0.0.1' }));
    expect(problemsOf(file(pod({ servers, state, policy: { minInRotation: 2 } })))).toEqual([
      'pods.0.servers: policy.minInRotation is 2: a POD with state.parts can keep only its canary in rotation at the switch',
    ]);
    expect(problemsOf(file(pod({ servers, state, policy: { minInRotation: 1 } })))).toEqual([]);
  });

  it.each([
    [{ name: 'nginx', driver: 'paths' }, 'paths needs paths'],
    [{ name: 'tree', driver: 'paths', paths: ['/etc/x'] }, 'tree is the name of what `path` holds'],
    [{ name: 'x', driver: 'paths', paths: ['etc/x'] }, 'must be an absolute path'],
    [
      { name: 'x', driver: 'paths', paths: ['/etc/x'], repository: 'sftp:a@b:/c' },
      'repository needs passwordFile',
    ],
    [
      { name: 'x', driver: 'paths', paths: ['/etc/x'], repository: '--help', passwordFile: '/k' },
      'must be like sftp:',
    ],
  ])('a part %j is refused', (part, problem) => {
    expect(problemsOf(file(pod({ state: { driver: 'tree', parts: [part] } }))).join()).toContain(problem);
  });

  it('everything that is wrong is told at once', () => {
    const problems = problemsOf(
      file(pod({ name: 1, servers: [server({ http: 7 }), server({ weight: 0 })] })),
    );
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'pods.0.name',
      'pods.0.servers',
      'pods.0.servers.0.http',
      'pods.0.servers.1.weight',
    ]);
  });
});
