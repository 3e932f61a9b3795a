import { expect, it } from 'vitest';
import { environments, isProduction } from './environment.js';

it('takes a POD that does not say what it is for to be production', () => {
  expect(isProduction(undefined)).toBe(true);
  expect(environments.filter(isProduction)).toEqual(['production']);
});
