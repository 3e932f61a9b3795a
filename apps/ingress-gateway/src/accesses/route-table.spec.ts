import { expect, it } from 'vitest';
import { accessDefaults } from '../../test/access-defaults.js';
import { pod } from '../../test/gateway.js';
import { RouteTable } from './route-table.js';

const pods = [
  { spec: pod('shop', 'acme', { hosts: ['shop.example', 'www.shop.example'] }), revision: 1 },
  { spec: pod('blog', 'acme'), revision: 1 },
];
const table = (out: string[] = [], defaultPod?: string): RouteTable =>
  new RouteTable(
    pods,
    { generation: 3, out: new Set(out), writesFenced: new Set() },
    { defaults: accessDefaults, ...(defaultPod === undefined ? {} : { defaultPod }) },
  );

it.each([
  ['shop.example', 'shop'],
  ['Shop.Example', 'shop'],
  ['shop.example:8080', 'shop'],
  ['shop.example.', 'shop'],
  ['www.shop.example.:80', 'shop'],
  ['example', undefined],
  ['evil-shop.example', undefined],
  ['shop.example.evil', undefined],
  ['', undefined],
  [undefined, undefined],
])('Host %s -> %s', (host, expected) => {
  expect(table().podOf(host)).toBe(expected);
});

it('takes the default POD for hosts that nobody claims', () => {
  expect(table([], 'blog').podOf('127.0.0.1:7788')).toBe('blog');
  expect(table([], 'blog').podOf(undefined)).toBe('blog');
  expect(table([], 'blog').podOf('shop.example')).toBe('shop');
  expect(table([], 'gone').podOf('x')).toBeUndefined();
});

it('knows who is in rotation', () => {
  const routes = table(['shop/s2', 'shop/s9']);
  expect(routes.serversOf('shop').map((one) => one.key)).toEqual(['shop/s1', 'shop/s3']);
  expect(routes.serversOf('nothing')).toEqual([]);
  expect(routes.isOut('shop/s2')).toBe(true);
  expect(routes.generation).toBe(3);
});
