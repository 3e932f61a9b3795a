import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { abortsIn } from './support/aborts.js';
import { Scene } from './support/scene.js';

describe('abort', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open({ env: { PODWAY_STEP_TIMEOUTS_MS: 'RollingBack=60000' } });
  });
  afterEach(() => scene.clear());
  afterAll(() => scene?.close());

  abortsIn(
    () => scene,
    [
      ['Authenticating', 'auth'],
      ['Resolving', 'pod-resolver'],
      ['SelectingCanary', 'pod-resolver'],
      ['Confirming', 'verifier'],
    ],
  );
});
