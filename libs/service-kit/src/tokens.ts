/** Injection tokens of what is known by an interface only. */
export const BROKER = Symbol('Broker');
export const HOSTS = Symbol('HostSessions');
export const ARTIFACTS = Symbol('ArtifactStore');
export const LOGGER = Symbol('Logger');
export const STATE_DRIVER = Symbol('StateDriver');
export const LOAD_BALANCER = Symbol('LoadBalancer');
