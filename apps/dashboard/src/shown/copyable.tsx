import { UnstyledButton } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Icon } from './icon.js';

interface CopyableProps {
  /** What it is, for screen readers: `fingerprint`. */
  what: string;
  value: string;
  /** Characters that are shown. Default: all. */
  shown?: number;
}

/** Something long and unreadable: perhaps its beginning only, all of it on pointing at it, and a way to copy it. */
export function Copyable({ what, value, shown }: CopyableProps) {
  const { copy, copied, error } = useClipboard({ timeout: 2_000 });
  const done = copied && error === null;
  return (
    <span className="copyable">
      <code className="mono" title={value}>
        {shown === undefined ? value : value.slice(0, shown)}
      </code>
      <UnstyledButton
        className="copy"
        aria-label={`Copy the ${what} ${value}`}
        title={error ? 'The browser does not allow it' : 'Copy'}
        onClick={() => copy(value)}
      >
        <Icon name={done ? 'check' : 'copy'} size={14} />
      </UnstyledButton>
      <span role="status" className="copied">
        {done ? 'Copied' : ''}
      </span>
    </span>
  );
}
