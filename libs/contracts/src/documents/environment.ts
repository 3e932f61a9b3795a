/** What a POD is for. */
export const environments = ['production', 'staging', 'test', 'development'] as const;
export type Environment = (typeof environments)[number];

/** Whether care is due as for visitors of a customer: a POD that does not say what it is for counts as production. */
export function isProduction(environment: Environment | undefined): boolean {
  return environment === undefined || environment === 'production';
}
