import { InvalidSettingsError } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import type { ListenerOptions } from './listener.js';

/** A connection to the API without a byte for so long is dead; event streams have their heartbeat. */
export const API_IDLE_TIMEOUT_MS = 120_000;

/** What all listeners of this gateway have in common. */
export function listenerSettings(
  settings: IngressGatewaySettings,
): Pick<ListenerOptions, 'host' | 'limits' | 'lingerMs' | 'stopMs'> {
  return {
    host: settings.host,
    limits: {
      headersTimeoutMs: settings.headersTimeoutMs,
      maxHeaderBytes: settings.maxHeaderBytes,
      maxConnections: settings.maxConnections,
      // All users come from the address of the proxy in front.
      maxConnectionsPerAddress: settings.trustForwarded ? 0 : settings.maxConnectionsPerAddress,
    },
    lingerMs: settings.lingerMs,
    stopMs: settings.stopWaitMs,
  };
}

/** Hosts whose requests on the access ports are the API's. */
export function hostsOfApi({ apiHosts }: IngressGatewaySettings): string[] {
  return apiHosts?.split(',') ?? [];
}

/**
 * Whether the API has no port of its own, but shares that of the accesses.
 * @throws InvalidSettingsError when nothing says which requests on that port are the API's.
 */
export function sharesPort({ apiPort, accessPort, apiHosts }: IngressGatewaySettings): boolean {
  if (apiPort !== accessPort) return false;
  if (apiHosts === undefined && apiPort !== 0) {
    throw new InvalidSettingsError([
      'PODWAY_API_HOSTS: is missing: PODWAY_API_PORT is the same as PODWAY_ACCESS_PORT',
    ]);
  }
  return apiHosts !== undefined;
}
