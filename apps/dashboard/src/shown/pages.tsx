import { Button, Group } from '@mantine/core';
import { useInfiniteQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

interface PagesOptions<T, Place> {
  readonly queryKey: readonly unknown[];
  /** Most of a page. */
  readonly limit: number;
  /** Reads the page behind a place; of undefined the first one. */
  readonly read: (limit: number, behind: Place | undefined) => Promise<readonly T[]>;
  readonly placeOf: (one: T) => Place;
}

/** A list that the server gives page by page; what was asked for so far. */
export function usePages<T, Place extends string | number>({
  queryKey,
  limit,
  read,
  placeOf,
}: PagesOptions<T, Place>): UseInfiniteQueryResult<T[]> {
  return useInfiniteQuery<readonly T[], Error, T[], readonly unknown[], Place | undefined>({
    queryKey,
    queryFn: ({ pageParam }) => read(limit, pageParam as Place | undefined),
    initialPageParam: undefined,
    getNextPageParam: (page) => {
      const last = page.at(-1);
      return last === undefined || page.length < limit ? undefined : placeOf(last);
    },
    select: ({ pages }) => pages.flat(),
  });
}

type Pages = Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;

/** The button for the next page, where there is one. */
export function NextPage({ of, children }: { of: Pages; children: ReactNode }) {
  if (!of.hasNextPage) return null;
  return (
    <Group justify="center" mt="md">
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {children}
      </Button>
    </Group>
  );
}
