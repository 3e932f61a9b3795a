import { useLive } from '../live/live-events.js';
import { Notice } from '../shown/notice.js';
import { Time } from '../shown/times.js';

/** While Podway does not answer: what is on the page may no longer be so. */
export function Away() {
  const { status, liveAt } = useLive();
  return (
    <div role="status">
      {status === 'lost' && (
        <Notice tone="warn" title="Podway does not answer">
          {liveAt === undefined ? (
            'Nothing could be read yet.'
          ) : (
            <>
              What is shown is as it was at <Time at={liveAt} />.
            </>
          )}{' '}
          It is tried again every few seconds, and nothing is missed: updates go on without this page.
        </Notice>
      )}
    </div>
  );
}
