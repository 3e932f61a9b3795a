import { SpanKind, type Span } from '@opentelemetry/api';
import type { ServerSpec } from '@podway/contracts';
import type {
  CommandStream,
  ExecOptions,
  ExecResult,
  HostSession,
  HostSessions,
  OwnedHostSession,
  StreamOptions,
} from '@podway/hosts';
import type { Telemetry } from './telemetry.js';
import { withinSpan } from './within-span.js';

/** Sessions whose commands are counted and traced: by what they do, never by their arguments, which may hold secrets. */
export class ObservedHostSessions implements HostSessions {
  constructor(
    private readonly inner: HostSessions,
    private readonly telemetry: Telemetry,
  ) {}

  async session(server: ServerSpec): Promise<HostSession> {
    return new ObservedHostSession(await this.inner.session(server), server, this.telemetry);
  }

  async fresh(server: ServerSpec): Promise<OwnedHostSession> {
    const session = await this.inner.fresh(server);
    const observed = new ObservedHostSession(session, server, this.telemetry);
    return Object.assign(observed, { close: () => session.close() });
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

class ObservedHostSession implements HostSession {
  readonly server: string;
  private readonly transport: 'ssh' | 'local';

  constructor(
    private readonly inner: HostSession,
    private readonly spec: ServerSpec,
    private readonly telemetry: Telemetry,
  ) {
    this.server = inner.server;
    this.transport = spec.ssh ? 'ssh' : 'local';
  }

  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.watched(argv, options.verb, () => this.inner.exec(argv, options));
  }

  stream(argv: readonly string[], options: StreamOptions = {}): CommandStream {
    let stream: CommandStream | undefined;
    const done = this.watched(argv, options.verb, () => {
      // Begins at once: nobody waits before it is read.
      stream = this.inner.stream(argv, options);
      return stream.done;
    });
    // Who reads the output meets the error there; who wants the end has `done`.
    done.catch(() => undefined);
    if (!stream) throw new TypeError('a stream begins at once');
    return { stdout: stream.stdout, done };
  }

  private async watched<R extends { code: number | null }>(
    argv: readonly string[],
    verb: string | undefined,
    run: () => Promise<R>,
  ): Promise<R> {
    const { transport, server, telemetry } = this;
    const { metrics } = telemetry;
    const program = argv[0]?.split('/').at(-1) ?? '';
    const attributes = {
      'process.executable.name': program,
      'podway.server': server,
      'podway.transport': transport,
      ...(verb === undefined ? {} : { 'podway.verb': verb }),
      ...(this.spec.ssh
        ? { 'server.address': this.spec.ssh.host, 'server.port': this.spec.ssh.port ?? 22 }
        : {}),
    };
    const startedAt = performance.now();
    metrics.add('podway_host_sessions_open', { transport }, 1);
    let result: 'zero' | 'nonzero' | 'error' = 'error';
    try {
      const name = `${transport} ${verb ?? program}`;
      return await withinSpan(telemetry.tracer, name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        const ended = await run();
        result = ended.code === 0 ? 'zero' : 'nonzero';
        tellExit(span, ended.code);
        return ended;
      });
    } finally {
      metrics.add('podway_host_sessions_open', { transport }, -1);
      metrics.count('podway_host_commands_total', { transport, result });
      metrics.observe(
        'podway_host_command_duration_seconds',
        { transport },
        (performance.now() - startedAt) / 1_000,
      );
    }
  }
}

/** A command that ends with another code than 0 has not failed: what it means is for the caller to say. */
function tellExit(span: Span, code: number | null): void {
  if (code !== null) span.setAttribute('process.exit.code', code);
}
