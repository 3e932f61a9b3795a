/** What is particular to a deployment and sends it another way. An abort goes before the others. */
export const circumstances = ['aborted', 'allOrNothing', 'approval', 'installing'] as const;
/**
 * aborted: an abort is remembered. allOrNothing: other PODs of the update decide with it. approval: somebody has to approve.
 * installing: the installers run on each server, nothing is replicated.
 */
export type Circumstance = (typeof circumstances)[number];
