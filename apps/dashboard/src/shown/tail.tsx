import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Icon } from './icon.js';

/** So near to the end, the view goes on with it. */
const NEAR_PX = 40;
/** Of a line that was not measured yet. */
const LINE_PX = 29;

interface TailProps<T> {
  /** What it is a list of, for screen readers. */
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  /** Key of the line that the address names. */
  at: string | null;
  children: (item: T, marked: boolean) => ReactNode;
}

/** A long list that follows its end, and lets go of it when somebody scrolls up. Only what is seen is there. */
export function Tail<T>({ label, items, keyOf, at, children }: TailProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const topPx = useRef(0);
  const [following, setFollowing] = useState(at === null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    overscan: 12,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
  });
  const last = items.at(-1);
  const end = last === undefined ? undefined : keyOf(last);
  const heightPx = rows.getTotalSize();
  useEffect(() => {
    if (following) box.current?.scrollTo({ top: heightPx });
    // A list that is full loses a line for each that comes: its length tells nothing. And lines grow when they are measured.
  }, [end, following, heightPx]);
  const wanted = at === null ? -1 : items.findIndex((item) => keyOf(item) === at);
  const isThere = wanted >= 0;
  useEffect(() => {
    if (isThere) rows.scrollToIndex(wanted, { align: 'center' });
    // Once, when the line is there.
  }, [at, isThere]);
  const scrolled = (): void => {
    const element = box.current;
    if (!element) return;
    const wentUp = element.scrollTop < topPx.current;
    topPx.current = element.scrollTop;
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) setFollowing(true);
    else if (wentUp) setFollowing(false);
  };
  return (
    <div className="tail">
      <div
        className="log-box"
        ref={box}
        onScroll={scrolled}
        tabIndex={0}
        role="log"
        aria-label={label}
        aria-live="off"
      >
        <div style={{ height: heightPx, position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const item = items[index];
            return (
              item !== undefined && (
                <div
                  key={key}
                  data-index={index}
                  ref={rows.measureElement}
                  className="log-row"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  {children(item, keyOf(item) === at)}
                </div>
              )
            );
          })}
        </div>
      </div>
      {!following && (
        <Button
          className="tail-on"
          size="xs"
          leftSection={<Icon name="down" />}
          onClick={() => setFollowing(true)}
        >
          Follow the end
        </Button>
      )}
    </div>
  );
}
