import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type Server, type TlsOptions } from 'node:tls';
import { PodwayError } from '@podway/contracts';
import { certificateFiles, filesStamp, readPair, type CertificateFiles } from './certificate-files.js';

const DEFAULT = 'default';
const MIN_VERSION = 'TLSv1.2';

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate and key that cannot be used. The pair before, if there is one, stays in use. */
export class BadCertificateError extends PodwayError {
  constructor(name: string, reason: string, cause?: unknown) {
    super('TLS.BAD_CERTIFICATE', `The certificate of ${name} cannot be used: ${reason}`, {
      details: { name },
      cause,
    });
  }
}

interface Loaded {
  /** Of the files that were looked at last, good or bad. */
  stamp: string;
  /** Undefined while no good pair was there. */
  context?: SecureContext;
  pair?: Pair;
}

/** The certificates in a folder, by server name (RFC 6066, 3), read again when their files change. */
export class TlsCertificates {
  private readonly loaded = new Map<string, Loaded>();
  private readonly servers = new Set<Server>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  private constructor(
    private readonly folder: string,
    private readonly pollMs: number,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** @throws Error when the folder cannot be read. A bad pair is told, and its name has no certificate. */
  static async watch(options: {
    folder: string;
    pollMs: number;
    onTrouble: (error: unknown) => void;
  }): Promise<TlsCertificates> {
    const certificates = new TlsCertificates(options.folder, options.pollMs, options.onTrouble);
    await certificates.look();
    certificates.lookLater();
    return certificates;
  }

  /** For a TLS server. Without a certificate for its name, and without a default one, a handshake is refused. */
  get options(): TlsOptions {
    return {
      minVersion: MIN_VERSION,
      SNICallback: (name, done) => {
        const context = this.contextFor(name);
        if (context) done(null, context);
        else done(new Error(`no certificate for ${name}`));
      },
      ALPNProtocols: ['http/1.1'],
    };
  }

  /** Gives a TLS server the default certificate, for clients that name no server, now and whenever it changes. */
  serve(server: Server): void {
    this.servers.add(server);
    this.setDefault(server);
  }

  /** That of the name itself, of its wildcard, or the default one. */
  contextFor(name: string): SecureContext | undefined {
    const lower = name.toLowerCase();
    const wildcard = lower.replace(/^[^.]+/, '*');
    return [lower, wildcard, DEFAULT].map((one) => this.loaded.get(one)?.context).find(Boolean);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.look()
        .catch(this.onTrouble)
        .finally(() => this.lookLater());
    }, this.pollMs).unref();
  }

  // Without a certificate OpenSSL refuses the handshake.
  private setDefault(server: Server): void {
    server.setSecureContext({ ...this.loaded.get(DEFAULT)?.pair, minVersion: MIN_VERSION });
  }

  private async look(): Promise<void> {
    const before = this.loaded.get(DEFAULT)?.pair;
    const files = await certificateFiles(this.folder);
    for (const one of files) await this.lookAt(one);
    const there = new Set(files.map(({ name }) => name));
    for (const name of this.loaded.keys()) if (!there.has(name)) this.loaded.delete(name);
    if (this.loaded.get(DEFAULT)?.pair !== before) this.servers.forEach((server) => this.setDefault(server));
  }

  private async lookAt(files: CertificateFiles): Promise<void> {
    const before = this.loaded.get(files.name);
    const stamp = await filesStamp(files);
    if (stamp === undefined || stamp === before?.stamp) return;
    try {
      this.loaded.set(files.name, { stamp, ...(await load(files)) });
    } catch (error) {
      // Told once for each change of the files.
      this.loaded.set(files.name, { ...before, stamp });
      this.onTrouble(error);
    }
  }
}

async function load(files: CertificateFiles): Promise<{ pair: Pair; context: SecureContext }> {
  const { name } = files;
  try {
    const pair = await readPair(files);
    const certificate = new X509Certificate(pair.cert);
    const asked = name.replace(/^\*/, 'any');
    if (name !== DEFAULT && certificate.checkHost(asked) === undefined) {
      throw new BadCertificateError(name, 'it is for another name');
    }
    if (Date.parse(certificate.validTo) < Date.now()) throw new BadCertificateError(name, 'it has expired');
    // Refuses a key that is not the certificate's.
    return { pair, context: createSecureContext({ ...pair, minVersion: MIN_VERSION }) };
  } catch (error) {
    if (error instanceof BadCertificateError) throw error;
    throw new BadCertificateError(name, (error as Error).message, error);
  }
}
