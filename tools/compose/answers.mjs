// Whether all that a container listens on answers: `http://` with success, `ssh://` with its first words, `tcp://` at all.
// Usage: answers.mjs URL...
import { connect } from 'node:net';

const asks = {
  'http:': async ({ href }) => {
    const { ok, status } = await fetch(href);
    if (!ok) throw new Error(`${href}: ${status}`);
  },
  'ssh:': (url) => connected(url, 'data'),
  'tcp:': (url) => connected(url, 'connect'),
};

function connected({ hostname, port }, event) {
  return new Promise((resolve, reject) => {
    connect(Number(port), hostname).once(event, resolve).once('error', reject);
  });
}

try {
  await Promise.all(
    process.argv
      .slice(2)
      .map((text) => new URL(text))
      .map((url) => asks[url.protocol](url)),
  );
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
