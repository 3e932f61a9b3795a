export { runProgram } from './program.js';
export { exitCodes } from './exit-codes.js';
export type { Surroundings, TextSink } from './surroundings.js';
