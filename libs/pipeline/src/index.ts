export * from './inputs.js';
export * from './saga-table.js';
export * from './outcome-grid.js';
export * from './saga-state.js';
export * from './decision.js';
export * from './pipeline.errors.js';
export { begin } from './begin.js';
export { decide } from './decide.js';
