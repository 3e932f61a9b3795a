import { describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { planComponents } from './component-plan.js';
import { resolveVariables } from './variables.js';

const component = (name: string, changes: Partial<Component> = {}): Component => ({
  ...{ name, installer: 'archive' },
  ...changes,
});
const variables = await resolveVariables(
  [{ name: 'edition', default: 'pro' }, { name: 'unset' }, { name: 'key' }],
  { server: 'web1', values: [{ key: { env: 'PODWAY_SECRET_KEY' } }] },
  { environment: () => 'hunter22', file: async () => undefined },
);
const plan = (components: Component[], facts: { osId?: string; region?: string } = {}) =>
  planComponents(components, { variables, ...facts });
const names = (components: Component[], facts = {}): string[] =>
  plan(components, facts).components.map(({ name }) => name);

describe('components', () => {
  it('are applied in the order of the file', () => {
    expect(names([component('b'), component('a'), component('c')])).toEqual(['b', 'a', 'c']);
  });

  it('come after what they need, and others stay where they are', () => {
    const all = [
      component('app', { needs: ['db', 'libs'] }),
      component('page'),
      component('db', { needs: ['libs'] }),
    ];
    expect(names([...all, component('libs')])).toEqual(['page', 'libs', 'db', 'app']);
  });

  it.each<[string, Component['when'], object, boolean]>([
    ['a variable that is', { variable: 'edition', is: ['basic', 'pro'] }, {}, true],
    ['a variable that is not', { variable: 'edition', is: ['Pro'] }, {}, false],
    ['a variable without a value', { variable: 'unset', is: [''] }, {}, false],
    ['what turns out to be a secret', { variable: 'key', is: ['hunter22'] }, {}, false],
    ['the system', { os: ['debian', 'ubuntu'] }, { osId: 'debian' }, true],
    ['another system', { os: ['debian'] }, { osId: 'fedora' }, false],
    ['a system that is not known', { os: ['debian'] }, {}, false],
    ['the region', { region: ['eu'] }, { region: 'eu' }, true],
    ['no region', { region: ['eu'] }, {}, false],
    ['all of it', { variable: 'edition', is: ['pro'], os: ['debian'] }, { osId: 'debian' }, true],
    ['only some of it', { variable: 'edition', is: ['pro'], os: ['debian'] }, { osId: 'alpine' }, false],
  ])('are asked for by %s', (_, when, facts, applied) => {
    expect(names([component('a', { when })], facts)).toEqual(applied ? ['a'] : []);
  });

  it('are left out with what they need, and that is told', () => {
    const all = [
      component('theme', { needs: ['shop'] }),
      component('shop', { when: { variable: 'edition', is: ['basic'] } }),
      component('rest'),
    ];
    expect(plan(all)).toEqual({
      components: [component('rest')],
      leftOut: [
        { name: 'shop', reason: 'edition is not basic' },
        { name: 'theme', reason: 'it needs shop, which is left out' },
      ],
    });
  });
});
