import { useSearchParams } from 'react-router';

type Change = Readonly<Record<string, string>>;

/**
 * What a view is narrowed to: in its address, so that it can be sent to somebody. An empty text takes a filter away. `replace`: the
 * browser's way back leaves the change out, as for each letter that is typed.
 */
export function useFilters(): readonly [
  params: URLSearchParams,
  set: (change: Change, replace?: boolean) => void,
] {
  const [params, setParams] = useSearchParams();
  const set = (change: Change, replace = false): void =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(change)) {
          if (value === '') next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace },
    );
  return [params, set];
}
