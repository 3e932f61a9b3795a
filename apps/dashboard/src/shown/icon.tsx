const paths = {
  check: 'M5 13l4 4L19 7',
  cross: 'M6 6l12 12M18 6L6 18',
  alert: 'M12 4l9 16H3zM12 10v4M12 17.2v.1',
  clock: 'M12 7v5l3 2M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z',
  busy: 'M12 3a9 9 0 1 1-9 9',
  dash: 'M7 12h10',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5l11 7-11 7z',
  undo: 'M9 7l-5 5 5 5M4 12h11a5 5 0 0 1 0 10h-2',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.1M8 16h.1',
  layers: 'M12 4l9 5-9 5-9-5zM3 14l9 5 9-5',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.1M4 12h.1M4 18h.1',
  pulse: 'M3 12h4l3-8 4 16 3-8h4',
  tool: 'M14 6a4 4 0 0 1 5.5 5L21 12.500l-3 3-1.5-1.500L8 22.5 4.5 19 13 10.500A4 4 0 0 1 14 6z',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.400M17.6 17.600L19 19M5 19l1.4-1.400M17.6 6.400L19 5',
  moon: 'M20 14a8 8 0 1 1-10-10 7 7 0 0 0 10 10z',
  out: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  circle: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z',
  bird: 'M4 18c6 0 12-2 13-9l3-2-3-1a4 4 0 0 0-7 2c-1 3-3 5-6 6z',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  signed: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM8.5 12l2.5 2.500L15.5 10',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M12 4v12M6 11l6 6 6-6M5 21h14',
} as const;

export type IconName = keyof typeof paths;

/** Beside a word: hidden from screen readers, which read the word. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className={name === 'busy' ? 'icon icon-busy' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
