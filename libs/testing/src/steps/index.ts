export { StepWorld, treeOf, type StepWorldOptions } from './step-world.js';
export { FakeServer, type DriverVerb } from './fake-server.js';
export { RecordingLog } from './recording-log.js';
export type { FakeBalancer } from './fake-balancer.js';
