/** How an update that names several PODs is done. */
export const updateModes = ['in-order', 'together', 'all-or-nothing'] as const;
/**
 * in-order: one POD after the other; the first that does not succeed ends it for those after it.
 * together: each POD for itself.
 * all-or-nothing: no POD goes past its canary until all canaries have passed; one failure rolls all back.
 */
export type UpdateMode = (typeof updateModes)[number];
