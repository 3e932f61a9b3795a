import { InvalidInputError, type Check, type PodSpec, type ServerSpec } from '@podway/contracts';

/**
 * Refuses what has the right form but no clear meaning.
 * @param apiHosts host names that are the API's own: a POD that claims one would never get an access for it.
 * @throws InvalidInputError naming every place.
 */
export function refuseUnclearPods(pods: readonly PodSpec[], apiHosts: readonly string[]): void {
  const problems = pods.flatMap((pod) => [
    ...(pod.hosts ?? [])
      .filter((host) => apiHosts.includes(host))
      .map((host) => `pods.${pod.name}.hosts: ${host} is a host of the API`),
    ...pod.servers.flatMap((server) => ofServer(server, `pods.${pod.name}.servers.${server.name}`)),
    ...(pod.checks ?? []).flatMap((check, index) => ofCheck(check, `pods.${pod.name}.checks.${index}`)),
  ]);
  if (problems.length > 0) throw new InvalidInputError('The inventory', problems);
}

function ofServer(server: ServerSpec, at: string): string[] {
  const ways = (server.ssh ? 1 : 0) + (server.local === true ? 1 : 0);
  const url = new URL(server.http);
  return [
    ...(ways === 1 ? [] : [`${at}: give exactly one of ssh and local: true`]),
    ...(url.pathname === '/' && url.search === '' && url.username === ''
      ? []
      : [`${at}.http: give scheme, host and port only`]),
  ];
}

function ofCheck(check: Check, at: string): string[] {
  if (check.probe === 'command' && !check.run?.length) return [`${at}.run: a command probe needs a program`];
  if (check.probe === 'fingerprint' && !(check.file && check.sha256)) {
    return [`${at}: a fingerprint probe needs file and sha256`];
  }
  return [];
}
