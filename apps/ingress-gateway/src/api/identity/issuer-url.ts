const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** What is wrong with an address that an issuer, or its keys, are to be fetched from; undefined when nothing is. */
export function issuerUrlProblem(text: string, allowHttpLoopback: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  if (url.hash !== '') return 'must not have a fragment';
  if (url.protocol === 'https:') return undefined;
  const loopback = url.protocol === 'http:' && LOOPBACK.includes(url.hostname);
  return loopback && allowHttpLoopback ? undefined : 'must begin with https://';
}
