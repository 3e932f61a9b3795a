import { afterAll, beforeAll, describe } from 'vitest';
import { engines, shopPart } from '../test/database-kit.js';
import type { DatabaseProduct } from '../test/database-server.js';
import { keepsThePromiseOfParts } from '../test/part-contract.js';

describe.each(engines)('$engine', ({ engine, start }) => {
  let product: DatabaseProduct;
  beforeAll(() => {
    product = start();
  });
  afterAll(() => product.remove());

  keepsThePromiseOfParts(engine, () => Promise.resolve(shopPart(product, engine, { content: ['versions'] })));
});
