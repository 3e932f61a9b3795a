import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type AnySchemaObject } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { services } from '@podway/contracts';
import { settingsOf, type ServiceDefinition } from '@podway/service-kit';
import { startCommand } from '@podway/testing/fleet';
import { imageInstructions, type Instruction } from './dockerfile.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

interface Container {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  build?: { target: string };
  pull_policy?: string;
  volumes?: string[];
  profiles?: string[];
  user?: string;
  privileged?: boolean;
  read_only?: boolean;
}
const compose = parse(textOf('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Container>;
  volumes: Record<string, object>;
};
const container = (name: string): Container => compose.services[name] ?? { image: 'none' };
const ours = Object.entries(compose.services).filter(([, one]) => one.image.startsWith('podway/'));
const building = ours.filter(([, one]) => one.build !== undefined);

describe('docker-compose.yml', () => {
  it('keeps to the compose specification', () => {
    const schema = JSON.parse(textOf('tools/vendor/compose-spec/compose-spec.json')) as AnySchemaObject;
    delete schema.$schema; // draft 7, by an address that ajv does not know
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const isCompose = ajv.compile(schema);
    isCompose(compose);
    expect(isCompose.errors ?? []).toEqual([]);
    expect(isCompose({ services: { auth: { comand: ['node'] } } })).toBe(false);
  });

  it.each(services)('%s starts as it does in the fleet', (service) => {
    expect(container(service).command).toEqual(startCommand(service));
  });

  it.each(services)('%s gets only variables that it reads', async (service) => {
    const { service: definition } = (await import(`@podway/${service}`)) as { service: ServiceDefinition };
    const known = new Set(settingsOf(definition.settings).map((setting) => setting.variable));
    const given = Object.keys(container(service).environment ?? {}).filter((name) => name !== 'TMPDIR');
    expect(given.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(services)('%s is asked for its health where it answers, and waits for what it needs', (service) => {
    const { healthcheck, environment, depends_on } = container(service);
    expect(healthcheck?.test.join(' ')).toContain(`127.0.0.1:${environment?.PODWAY_HEALTH_PORT}/readyz`);
    expect(depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      postgres: { condition: 'service_healthy' },
      rabbitmq: { condition: 'service_healthy' },
    });
  });

  it('names no service that the contracts do not have', () => {
    const others = ['postgres', 'rabbitmq', 'migrate'];
    const always = Object.keys(compose.services).filter((name) => !container(name).profiles);
    expect(always.sort()).toEqual([...others, ...services].sort());
  });

  it.each(ours)('%s has no more rights than it needs', (_, { privileged, read_only, user }) => {
    expect({ privileged, read_only, user }).toEqual({
      privileged: undefined,
      read_only: true,
      user: undefined,
    });
  });

  it('has each image built by one container, for which all others with that image wait, and pulls none', () => {
    expect(building.map(([name, { image, build }]) => [name, image, `podway/${build?.target}`])).toEqual([
      ['migrate', 'podway/podway', 'podway/podway'],
      ['demo-keys', 'podway/demo-server', 'podway/demo-server'],
    ]);
    const waitsFor = (name: string): string[] =>
      Object.keys(container(name).depends_on ?? {}).flatMap((other) => [other, ...waitsFor(other)]);
    for (const [name, { image, build, pull_policy }] of ours) {
      expect(pull_policy, name).toBe(build === undefined ? 'never' : 'build');
      const builder = image === 'podway/podway' ? 'migrate' : 'demo-keys';
      if (build === undefined) expect(waitsFor(name), name).toContain(builder);
    }
  });

  it('has no blank in what asks for health: Podman splits arguments there', () => {
    const asked = Object.values(compose.services).flatMap(({ healthcheck }) => healthcheck?.test ?? []);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((argument) => argument.includes(' '))).toEqual([]);
  });

  it('mounts volumes that are declared, in folders that the image makes', () => {
    const made = instructionsText('base');
    for (const [, { volumes = [] }] of ours) {
      for (const [name = '', folder = ''] of volumes.map((volume) => volume.split(':'))) {
        expect(Object.keys(compose.volumes)).toContain(name);
        expect(made).toContain(folder);
      }
    }
  });
});

const stages = imageInstructions(textOf('Dockerfile'));
const instructionsText = (stage: string): string =>
  (stages.get(stage) ?? []).map((instruction) => instruction.text).join('\n');
const every = [...stages.values()].flat();
const ignored = textOf('.dockerignore').split('\n');

describe('Dockerfile', () => {
  it('has a stage for every image that docker-compose.yml builds, and none of them runs as root', () => {
    for (const [, { image }] of ours) {
      const stage = stages.get(image.replace('podway/', '')) ?? [];
      expect(stage.filter((one) => one.name === 'USER').map((one) => one.text)).toEqual(['10001:10001']);
    }
  });

  it('copies from the repository only what is there', () => {
    for (const source of every.flatMap(copiedFromContext)) {
      expect(existsSync(`${root}${source}`), source).toBe(true);
      expect(ignored).not.toContain(source.split('/')[0]);
    }
  });

  it('runs files that the build makes, in the containers and by default', () => {
    const commands = [
      ...ours.map(([, one]) => one.command ?? []),
      ...ours.flatMap(([, { healthcheck }]) => (healthcheck ? [healthcheck.test.slice(1)] : [])),
      ...every.filter((one) => one.name === 'CMD').map((one) => JSON.parse(one.text) as string[]),
    ];
    expect(commands.length).toBeGreaterThan(services.length);
    for (const [program, first = '', ...rest] of commands) {
      expect(program === 'node' || program === 'sh').toBe(true);
      const file = first === '-c' ? (/node ([^ ]+)/.exec(rest.join(' '))?.[1] ?? '') : first;
      const source = file.replace(/^(apps\/[a-z-]+)\/dist\/(.+)\.js$/, '$1/src/$2.ts');
      expect(existsSync(`${root}${source}`), source).toBe(true);
    }
  });

  it('keeps all that the services load, and leaves out no file that the build reads', () => {
    const kept = stages.get('podway')?.flatMap(copiedFromBuild) ?? [];
    expect(kept).toEqual(['package.json', 'node_modules', 'libs', 'apps']);
    const built = JSON.parse(textOf('tsconfig.json')) as { references: { path: string }[] };
    for (const { path } of built.references) expect(ignored).not.toContain(path.split('/')[0]);
  });

  it('never gets the passwords that docs/operations/containers.md puts into `.env`, and neither does git', () => {
    expect(ignored).toContain('.env');
    expect(textOf('.gitignore').split('\n')).toContain('.env');
  });
});

function copiedFromContext({ name, text }: Instruction): string[] {
  return name === 'COPY' && !text.startsWith('--from=') ? sourcesOf(text) : [];
}

function copiedFromBuild({ name, text }: Instruction): string[] {
  if (name !== 'COPY' || !text.startsWith('--from=build ')) return [];
  return sourcesOf(text.replace('--from=build ', '')).map((source) => source.replace('/opt/podway/', ''));
}

function sourcesOf(text: string): string[] {
  return text
    .split(' ')
    .slice(0, -1)
    .map((source) => source.replace(/\/$/, ''));
}
