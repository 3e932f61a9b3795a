import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.js';
import type { Tone } from './words.js';

const icons: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  bad: 'alert',
  warn: 'alert',
  busy: 'pulse',
  quiet: 'clock',
};

interface NoticeProps {
  tone: Tone;
  title: string;
  children?: ReactNode;
  /** Read out at once by screen readers. */
  urgent?: boolean;
}

/** A few words that stand out of the page. */
export function Notice({ tone, title, children, urgent = false }: NoticeProps) {
  return (
    <div className="notice" data-tone={tone} role={urgent ? 'alert' : undefined}>
      <Icon name={icons[tone]} size={18} />
      <div>
        <strong>{title}</strong>
        <div>{children}</div>
      </div>
    </div>
  );
}
