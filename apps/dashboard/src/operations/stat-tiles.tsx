import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Icon, type IconName } from '../shown/icon.js';
import type { Tone } from '../shown/words.js';

export interface Stat {
  readonly name: string;
  readonly value: ReactNode;
  /** In a few words. */
  readonly below?: string | undefined;
  readonly icon: IconName;
  readonly tone: Tone;
  /** Where more is told. */
  readonly to?: string;
}

/** A few numbers, each with its name. */
export function StatTiles({ label, stats }: { label: string; stats: readonly Stat[] }) {
  return (
    <ul className="stats" aria-label={label}>
      {stats.map(({ name, value, below, icon, tone, to }) => (
        <li key={name} className="stat" data-tone={tone}>
          <span className="stat-name">
            <Icon name={icon} size={14} /> {to === undefined ? name : <Link to={to}>{name}</Link>}
          </span>
          <strong>{value}</strong>
          <small>{below}</small>
        </li>
      ))}
    </ul>
  );
}
