import { createHash } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { bundleFile } from '@podway/artifacts';
import type { Component, StatePart } from '@podway/contracts';
import { bringFiles } from './component-files.js';
import { holds, NotCoveredError } from './coverage.js';
import { SchemaVersionError, SqlFailedError } from './installer.errors.js';
import { runServerJob, type JobEnd, type ServerProgram } from './server-job.js';
import { programScript } from './server-program.js';
import { SQL_NOT_DONE, SQL_UNEXPECTED, SQL_UNREACHABLE, sqlJob } from './sql-script.js';
import { mariadbTable, mariadbThere, sqlTexts } from './sql-texts.js';
import { keepText } from './stage-scripts.js';
import { runInStage } from './stage-shell.js';
import type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';

/**
 * Brings the schema of a database from one version to the next, or back, by a script of the bundle. The versions are in the
 * table `podway_schema` of the database, in which each component has its own. Where the version is there already, by the same
 * script, nothing is done; another one than expected is refused before anything is changed.
 */
export class SqlInstaller implements Installer {
  readonly writesInPlace = false;

  constructor(
    readonly component: Component,
    private readonly bundle: BundleSource,
  ) {}

  async apply(request: InstallRequest): Promise<Installed> {
    const ended = await runServerJob(request, this.component, () => this.#prepare(request));
    if (ended.exitCode !== 0) throw this.#failure(request.target.session.server, ended);
    return { stageDir: request.stageDir };
  }

  #failure(server: string, { exitCode, lastLines }: JobEnd): Error {
    const where = { server, component: this.component.name };
    const said = lastLines.split('\n').filter((line) => !line.startsWith('podway-sql '));
    if (exitCode === SQL_UNEXPECTED) {
      const [, word, found = ''] = /^podway-sql (version|begun) ?(.*)$/m.exec(lastLines) ?? [];
      const begun = `version ${found} was begun, and not finished`;
      const other = `the schema has ${found === '' ? 'no version' : `version ${found}`}, not ${this.#wanted()}`;
      return new SchemaVersionError(where, word === 'begun' ? begun : other);
    }
    const reasons: Record<number, string> = {
      [SQL_NOT_DONE]: 'reported success, and its version is not there',
      [SQL_UNREACHABLE]: 'cannot reach the database',
    };
    const committed = /^podway-sql committed$/m.test(lastLines);
    const part = committed ? '; a part of it is in the database, until the roll-back' : '';
    const reason = `${reasons[exitCode] ?? `failed with exit code ${exitCode}`}${part}: ${said.join('\n')}`;
    return new SqlFailedError(where, reason, { exitCode, committed });
  }

  #wanted(): string {
    const { direction, version = '', expectedVersion } = this.component;
    if (direction === 'down') return `${version} above ${expectedVersion ?? 'none'}`;
    return expectedVersion === undefined
      ? 'none, as the script expects'
      : `${expectedVersion}, as the script expects`;
  }

  async #prepare(request: InstallRequest): Promise<ServerProgram> {
    const { component, bundle } = this;
    const { context, stageDir, variables } = request;
    const {
      engine = 'postgresql',
      database = '',
      version = '',
      expectedVersion = '',
      direction = 'up',
    } = component;
    const { script = '', down = '' } = component;
    const digest = createHash('sha256')
      .update(await bundleFile(bundle.store, bundle.digest, script))
      .digest('hex');
    const [file = ''] = await bringFiles(
      request,
      component,
      bundle,
      [direction === 'up' ? script : down],
      'sql',
    );
    const step = {
      database,
      name: component.name,
      version,
      direction,
      script: digest,
      deploymentId: context.deploymentId,
    };
    const texts = sqlTexts[engine](step);
    for (const [name, text] of Object.entries({ ...texts, table: mariadbTable, there: mariadbThere })) {
      await runInStage(request, component, keepText, text, `${name}.sql`);
    }
    const program = await programScript(request, component, engine === 'postgresql' ? 'psql' : 'mariadb');
    return {
      argv: ['sh', '-c', sqlJob, 'podway-sql', ...variables.names().map((name) => name.replaceAll('-', '_'))],
      env: {
        ...connectionOf(this.#part(request)),
        PODWAY_SQL_SECRETS: variables.hasSecrets ? '1' : '',
        PODWAY_SQL_ENGINE: engine,
        PODWAY_SQL_DATABASE: database,
        PODWAY_SQL_PROGRAM: program,
        PODWAY_SQL_OWN: `${dirname(stageDir)}/own-${component.name}`,
        PODWAY_SQL_FILE: file,
        PODWAY_SQL_DIRECTION: direction,
        PODWAY_SQL_VERSION: version,
        PODWAY_SQL_EXPECTED: expectedVersion,
        PODWAY_SQL_SCRIPT: digest,
      },
      mark: `ran-${component.name}`,
    };
  }

  #part({ target, pod }: InstallRequest): StatePart {
    const part = target.state.parts?.find((one) => one.driver === 'database' && holds(one, this.component));
    if (!part) throw new NotCoveredError(pod, [`${this.component.name} needs a part of the driver database`]);
    return part;
  }
}

/** How the part says that the database is reached from the server. */
function connectionOf({ host, socket, port, user, passwordFile }: StatePart): Record<string, string> {
  return {
    PODWAY_SQL_HOST: host ?? '',
    PODWAY_SQL_SOCKET: socket ?? '',
    PODWAY_SQL_PORT: port === undefined ? '' : String(port),
    PODWAY_SQL_USER: user ?? '',
    PODWAY_SQL_PASSWORD_FILE: passwordFile ?? '',
  };
}
