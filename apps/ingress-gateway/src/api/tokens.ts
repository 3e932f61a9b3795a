/** Injection tokens of what has no class of its own. */
export const ARTIFACTS = Symbol('ArtifactStore');
export const BROKER = Symbol('Broker');
export const LOGGER = Symbol('Logger');
/** AbortSignal: all event streams end. */
export const STOPPING = Symbol('stopping');
/** Function that says whether the gateway can do its work now. */
export const READY = Symbol('ready');
/** ClientAccounts, or undefined where client systems cannot have any. */
export const CLIENT_ACCOUNTS = Symbol('ClientAccounts');
