import { Link } from 'react-router';
import type { FleetFilter, FleetTotals } from '@podway/contracts';
import { healths, type Tone } from '../shown/words.js';

const filters: readonly { show: FleetFilter | undefined; word: string; tone: Tone }[] = [
  { show: undefined, word: 'All', tone: 'quiet' },
  ...(['broken', 'degraded', 'failed', 'updating', 'healthy', 'empty'] as const).map((show) => ({
    show,
    word: healths[show].word,
    tone: healths[show].tone,
  })),
  { show: 'drifted', word: 'Drifted', tone: 'warn' },
  { show: 'waiting', word: 'With a queue', tone: 'quiet' },
  { show: 'paused', word: 'Paused', tone: 'quiet' },
];

interface FleetFiltersProps {
  totals: FleetTotals;
  show: FleetFilter | undefined;
  find: string;
}

export function FleetFilters({ totals, show, find }: FleetFiltersProps) {
  const shown = filters.filter((one) => one.show === show || totals[one.show ?? 'all'] > 0);
  return (
    <nav aria-label="Filters">
      <ul className="filters">
        {shown.map(({ show: filter, word, tone }) => {
          const query = new URLSearchParams({
            ...(filter === undefined ? {} : { show: filter }),
            ...(find === '' ? {} : { find }),
          });
          return (
            <li key={word}>
              <Link
                className="filter"
                to={`?${query.toString()}`}
                aria-current={filter === show ? 'true' : undefined}
                data-tone={tone}
              >
                {word} <b>{totals[filter ?? 'all']}</b>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
