import { Button, Group, Loader } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ReactNode } from 'react';
import { Notice } from './notice.js';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'Something went wrong';

/** What the server refused, in its own words. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <Notice tone="bad" urgent title={codeOf(error)}>
      <Group justify="space-between">
        <span>{textOf(error)}</span>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </Notice>
  );
}

/** Tells of an action that was refused. */
export function tellProblem(error: unknown): void {
  notifications.show({ color: 'red', title: codeOf(error), message: textOf(error), autoClose: 10_000 });
}

/** Tells of an action that was taken. */
export function tellDone(message: string): void {
  notifications.show({ color: 'green', message });
}

interface LoadedProps<T> {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  children: (data: T) => ReactNode;
}

/** What a query gave, or that it is waited for, or why it did not. */
export function Loaded<T>({ query, children }: LoadedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Group justify="center" p="xl" role="status" aria-label="Loading">
      <Loader type="dots" aria-hidden />
    </Group>
  );
}
