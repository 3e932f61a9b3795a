import { hostname } from 'node:os';
import { InvalidSettingsError, type ServiceContext } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { Listener, type ListenerOptions, type RequestHandler } from '../listening/listener.js';
import { API_IDLE_TIMEOUT_MS, hostsOfApi, listenerSettings } from '../listening/listener-settings.js';
import { TlsCertificates } from '../listening/tls-certificates.js';
import { refusalPage } from './access-page.js';
import { accessParts, type AccessParts } from './access-parts.js';
import { SharedPort } from './shared-port.js';

/** Longer than browsers and proxies keep idle connections, so that it is they who close. */
const KEEP_ALIVE_MS = 65_000;

/** The listeners for users' accesses, and all that serves them. */
export class AccessListener {
  private certificates: TlsCertificates | undefined;
  private plain: Listener | undefined;
  private tls: Listener | undefined;

  private constructor(private readonly parts: AccessParts) {}

  /**
   * @param api takes the requests for PODWAY_API_HOSTS, if there are any.
   * @throws InvalidSettingsError when settings do not go together.
   */
  static async start(
    context: ServiceContext<IngressGatewaySettings>,
    api?: RequestHandler,
  ): Promise<AccessListener> {
    const { settings, logger } = context;
    const listener = new AccessListener(accessParts(context));
    try {
      await listener.listen(settings, api, (error) =>
        logger.error({ err: error }, 'a certificate is not used'),
      );
      // The port is ours now, and with it the name: no other gateway of this name is alive.
      await listener.parts.watcher.start(settings.gatewayId ?? `${hostname()}:${listener.port}`);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.plain?.port ?? 0;
  }

  /** That for TLS. */
  get tlsPort(): number | undefined {
    return this.tls?.port;
  }

  /** Takes no new accesses, waits for those that run, then leaves the rotation. */
  async close(): Promise<void> {
    // What has no end would be waited for in vain.
    for (const key of [...this.parts.running.keys()]) this.parts.running.endEndless(key);
    this.certificates?.stop();
    await Promise.all([this.plain?.close(), this.tls?.close()]);
    await this.parts.stop();
  }

  private async listen(
    settings: IngressGatewaySettings,
    api: RequestHandler | undefined,
    onTrouble: (error: unknown) => void,
  ): Promise<void> {
    const options: Omit<ListenerOptions, 'port' | 'setting'> = {
      ...listenerSettings(settings),
      handler: handlerFor(settings, this.parts, api),
      refusal: refusalPage,
      keepAliveTimeoutMs: KEEP_ALIVE_MS,
    };
    const { accessTlsPort, tlsDir, tlsPollMs } = settings;
    if (accessTlsPort !== undefined) {
      if (tlsDir === undefined) throw new InvalidSettingsError(['PODWAY_TLS_DIR: is missing']);
      this.certificates = await TlsCertificates.watch({ folder: tlsDir, pollMs: tlsPollMs, onTrouble });
      const at = { port: accessTlsPort, setting: 'PODWAY_ACCESS_TLS_PORT' };
      this.tls = await Listener.start({ ...options, ...at, certificates: this.certificates });
    }
    this.plain = await Listener.start({
      ...options,
      ...{ port: settings.accessPort, setting: 'PODWAY_ACCESS_PORT' },
    });
  }
}

function handlerFor(
  settings: IngressGatewaySettings,
  { proxy }: AccessParts,
  api: RequestHandler | undefined,
): RequestHandler {
  const apiHosts = new Set(hostsOfApi(settings));
  if (!api || apiHosts.size === 0) return proxy;
  return new SharedPort({
    api,
    accesses: proxy,
    apiHosts,
    apiPaths: settings.apiPaths.split(','),
    apiRequestTimeoutMs: settings.apiRequestTimeoutMs,
    apiIdleTimeoutMs: API_IDLE_TIMEOUT_MS,
  });
}
