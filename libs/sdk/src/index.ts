export { Podway, type Bundle, type PodwayOptions, type PublishOptions } from './podway.js';
export { DeploymentHandle, PublishedUpdate, type WaitOptions } from './deployment-handle.js';
export type { EventsOptions } from './followed-events.js';
export type { FollowOptions } from './followed-stream.js';
export type { Webhooks } from './webhooks.js';
export type { RetryOptions } from './retry.js';
export { ApiError, PackError, UnreachableError, WaitEndedError } from './sdk.errors.js';
