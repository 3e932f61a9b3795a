import { ApiError, Podway, WaitEndedError } from '@podway/sdk';
const [url, key, pod, seconds = '600'] = process.argv.slice(2); // http://127.0.0.1:7780 pw_… shop
const podway = new Podway({ url, key });
try {
  const update = await podway.goBack({ pod, reason: 'a program says so' });
  const { state } = await update.wait({ timeoutMs: Number(seconds) * 1000 });
  console.log(state);
} catch (error) {
  // Errors are told apart by their codes, never by their texts.
  if (error instanceof ApiError && error.code === 'RELEASE.NONE_EARLIER')
    console.log('nothing to go back to');
  else if (error instanceof WaitEndedError) console.log('not over yet; it goes on');
  else throw error;
}
