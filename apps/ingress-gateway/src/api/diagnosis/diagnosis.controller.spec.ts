import request from 'supertest';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DiagnosePod, parseMessage, type DiagnosisView } from '@podway/contracts';
import { Comparisons } from '@podway/persistence';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_DIAGNOSIS_TIMEOUT_MS: '2000' });
  publisher = await gateway.key('acme', 'publisher');
  await gateway.apply([pod('shop', 'acme'), pod('blog', 'rival')]);
});
afterAll(() => gateway?.close());

const diagnose = (name = 'shop') =>
  request(gateway.api)
    .post(`/v1/pods/${name}/diagnosis`)
    .set('Authorization', `Bearer ${publisher}`)
    .then((response) => response);

const questions = (): DiagnosePod[] =>
  gateway.broker.published
    .map(({ envelope }) => parseMessage(JSON.parse(JSON.stringify(envelope)) as object).payload)
    .filter((payload) => payload instanceof DiagnosePod);

/** Asks, and gives what a verifier gets. */
async function asked(): Promise<{ answer: ReturnType<typeof diagnose>; sent: DiagnosePod }> {
  const before = questions().length;
  const answer = diagnose();
  const sent = await vi.waitFor(() => {
    const [newest] = questions().slice(before);
    if (!newest) throw new Error('nothing was asked yet');
    return newest;
  });
  return { answer, sent };
}

it('is asked of a verifier, which looks without a release or a deployment', async () => {
  const { answer, sent } = await asked();
  expect(sent).toMatchObject({ client: 'acme', pod: 'shop', podRevision: 1 });
  const found: DiagnosisView = {
    ...{ pod: 'shop', fit: false, servers: [{ name: 's1', reached: false, answers: true }] },
    findings: [
      { code: 'HOST.UNREACHABLE', severity: 'error', server: 's1', detail: 'refused', remedy: 'start it' },
    ],
  };
  await new Comparisons(gateway.dataSource).answer(sent.lookId, { answer: found });
  expect(await answer).toMatchObject({ status: 200, body: found });
});

it('says why there is none', async () => {
  const { answer, sent } = await asked();
  await new Comparisons(gateway.dataSource).answer(sent.lookId, {
    ...{ code: 'INVENTORY.UNKNOWN_REVISION', detail: 'gone' },
  });
  expect(await answer).toMatchObject({ status: 409, body: { code: 'INVENTORY.UNKNOWN_REVISION' } });
  expect(await diagnose()).toMatchObject({ status: 503, body: { code: 'DIAGNOSIS.NO_ANSWER' } });
  expect(await diagnose('blog')).toMatchObject({ status: 404, body: { code: 'POD.NOT_FOUND' } });
});
