import { Podway } from '@podway/sdk';
import { packedDirectory } from '@podway/sdk/pack-directory';
const [url, key, folder, pod] = process.argv.slice(2); // http://127.0.0.1:7780 pw_… my-site shop
const podway = new Podway({ url, key });
const update = await podway.publish(() => packedDirectory(folder), { pod, label: 'from a program' });
for await (const { type, data } of update)
  if (type === 'io.podway.deployment.changed.v1') console.log(data.to);
const { state, release, failure } = await update.wait({ timeoutMs: 600_000 });
console.log(release === undefined ? `${state}: ${failure?.detail}` : `${state} as release ${release}`);
process.exitCode = state === 'Succeeded' ? 0 : 1;
