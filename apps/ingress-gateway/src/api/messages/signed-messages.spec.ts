import { createHash } from 'node:crypto';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignedStatement } from '@podway/contracts';
import { signStatement } from '@podway/contracts/signatures';
import type { ClientSystem } from '@podway/messaging/testing/client-system';
import { AuditLog, SigningKeyEntity } from '@podway/persistence';
import { forgeries, forgeryScene, shopStatement, type ForgeryScene } from '@podway/testing/signatures';
import { bundleOf } from '../../../test/bundle.js';
import { startClientScene, type ClientScene } from '../../../test/client-scene.js';
import { pod } from '../../../test/gateway.js';

const maxLifetimeMs = 86_400_000;
const MANIFEST =
  'apiVersion: podway/v1\nname: shop\nversion: 1.0.0\ncomponents: [{ name: site, installer: archive, source: site }]\n';

describe('signed updates over AMQP', () => {
  let scene: ClientScene;
  let forging: ForgeryScene;
  let acme: ClientSystem;
  let replyTo: string;
  let bundle: Buffer;

  beforeAll(async () => {
    scene = await startClientScene({ PODWAY_SIGNATURE_MAX_LIFETIME_MS: String(maxLifetimeMs) });
    await scene.gateway.apply([
      ...[pod('shop', 'acme'), pod('blog', 'acme'), pod('other', 'rival')],
      pod('strict', 'acme', { policy: { signatures: 'required' } }),
    ]);
    bundle = await bundleOf({ 'podway.yaml': MANIFEST, 'site/index.html': 'signed' });
    const sha256 = createHash('sha256').update(bundle).digest('hex');
    forging = forgeryScene({ sha256, bytes: bundle.length }, maxLifetimeMs);
    for (const { known } of [forging.own, forging.second, forging.revoked, forging.expired, forging.rival]) {
      const key = { ...known, note: null, createdAt: new Date() };
      await scene.gateway.dataSource.manager.insert(SigningKeyEntity, key);
    }
    acme = await scene.system('acme');
    replyTo = await acme.listen();
  }, 120_000);
  afterAll(() => scene?.close());
  beforeEach(() => scene.gateway.dataSource.query('truncate ingress.sequences'));

  const publish = (signature?: SignedStatement, to = 'shop', content: object = {}) =>
    scene.ask(acme, replyTo, {
      target: { pod: to },
      bundle: bundle.toString('base64'),
      ...(signature ? { signature } : {}),
      ...content,
    });
  const signed = (changes: Parameters<typeof shopStatement>[0] = {}): SignedStatement =>
    signStatement(shopStatement({ artifact: forging.artifact, ...changes }), forging.own.privateKey);

  it('are taken, with a record in the audit log', async () => {
    const answer = await publish(signed());
    expect(answer.data.update, answer.data.detail).toMatchObject({ pod: 'shop' });
    const [record] = await new AuditLog(scene.gateway.dataSource).list({ limit: 1 });
    expect(record).toMatchObject({
      ...{ action: 'publishUpdate', outcome: 'accepted', client: 'acme' },
      actor: `broker:${acme.user}`,
    });
  });

  it('are taken by reference too', async () => {
    const content = { bundle: null, artifact: forging.artifact.sha256 };
    await publish();
    const answer = await publish(signed(), 'shop', content);
    expect(answer.data.update, answer.data.detail).toMatchObject({ pod: 'shop' });
    expect((await publish(signed({ sequence: 1 }), 'shop', content)).data.code).toBe(
      'SIGNATURE.SEQUENCE_USED',
    );
  });

  it('are needed by a POD that takes no others', async () => {
    expect((await publish(undefined, 'strict')).data.code).toBe('SIGNATURE.REQUIRED');
    const answer = await publish(signed({ pods: ['strict'] }), 'strict');
    expect(answer.data.update, answer.data.detail).toMatchObject({ pod: 'strict' });
  });

  it('are refused when they are sent again: a replay', async () => {
    const statement = signed({ sequence: 7 });
    expect((await publish(statement)).data.update).toBeDefined();
    expect((await publish(statement)).data.code).toBe('SIGNATURE.SEQUENCE_USED');
  });

  it('have the same answer when the message comes again', async () => {
    const [id, statement] = [ulid(), signed({ sequence: 9 })];
    const data = { target: { pod: 'shop' }, bundle: bundle.toString('base64'), signature: statement };
    const first = await scene.ask(acme, replyTo, data, { id });
    const second = await scene.ask(acme, replyTo, data, { id });
    expect(second.data).toEqual({ ...first.data, replayed: true });
  });

  it.each(forgeries.map(({ name, code, make }) => [name, code, make] as const))(
    'are refused: %s',
    async (_, code, make) => {
      const answer = await publish(make(forging));
      expect(answer.type).toBe('io.podway.update.refused.v1');
      expect(answer.data.code).toBe(code);
    },
  );

  it('are refused: no envelope at all', async () => {
    for (const signature of [{}, { payload: 1 }, { constructor: {} }])
      expect((await publish(signature as never)).data.code).toMatch(
        /^(SIGNATURE\.MALFORMED|INPUT\.INVALID)$/,
      );
  });
});
