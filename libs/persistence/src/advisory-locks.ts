/** Keys of Postgres' advisory locks, one for each thing that only one session may do at a time. No two are the same. */
export const advisoryLocks = {
  migrations: 7_340_101,
  /** Positions in the public event log. */
  sequence: 7_340_102,
  /** Removal of artifacts and uploads that nothing needs. */
  collection: 7_340_103,
  /** Looks for drift begin one after the other, so that no more are under way than may. */
  looks: 7_340_104,
  /** The public event log on its way to the broker. */
  publishing: 7_340_105,
  /** The first of two keys; the second is made from the client whose webhooks are counted. */
  webhooks: 7_340_180,
  /** The first of two keys; the second is made from the deployment whose log is written. */
  logs: 7_340_181,
  auditLog: 7_340_121,
  /** "podb": processes that start together make the broker's schema one after the other. */
  brokerSchema: 0x706f6462,
  /** "podw": the first of two keys; the second is the consumer's id. */
  lifeSigns: 0x706f6477,
} as const;
