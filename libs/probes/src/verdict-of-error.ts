import type { Verdict } from '@podway/contracts';

const byCode: Record<string, Verdict> = {
  // The server says no.
  ECONNREFUSED: 'failed',
  // Nobody can tell.
  ECONNRESET: 'inconclusive',
  EPIPE: 'inconclusive',
  ETIMEDOUT: 'inconclusive',
  EHOSTUNREACH: 'inconclusive',
  ENETUNREACH: 'inconclusive',
  UND_ERR_SOCKET: 'inconclusive',
  UND_ERR_CONNECT_TIMEOUT: 'inconclusive',
  UND_ERR_HEADERS_TIMEOUT: 'inconclusive',
  UND_ERR_BODY_TIMEOUT: 'inconclusive',
  'HOST.UNREACHABLE': 'inconclusive',
  'HOST.CONNECTION_LOST': 'inconclusive',
  'HOST.TIMEOUT': 'inconclusive',
  // It answers, but not with HTTP.
  UND_ERR_HEADERS_OVERFLOW: 'failed',
};

/** What an error of a probe says about the server: mostly nothing. */
export function verdictOfError(error: unknown): Verdict {
  const code = String((error as { code?: unknown }).code);
  return byCode[code] ?? 'error';
}
