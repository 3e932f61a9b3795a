import { Podway } from '@podway/sdk';
const [url, key, pod] = process.argv.slice(2); // http://127.0.0.1:7780 pw_… shop
const podway = new Podway({ url, key });
// All that has happened, each once and in order; without `upTo` it would go on with what happens.
const events = podway.events({ pod, after: 0, upTo: await podway.lastSequence() });
for await (const { sequence, time, type, subject } of events) console.log(sequence, time, subject, type);
