import { Group, Text, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';

interface HeadingProps {
  title: string;
  /** Behind the title. */
  mark?: ReactNode;
  below?: ReactNode;
  /** Actions, at the end of the line. */
  children?: ReactNode;
}

/** The first line of a view, and the window's title. */
export function Heading({ title, mark, below, children }: HeadingProps) {
  useEffect(() => {
    document.title = `${title} - Podway`;
  }, [title]);
  return (
    <header className="heading">
      <div>
        <Group gap="sm">
          <Title order={1} size="h2">
            {title}
          </Title>
          {mark}
        </Group>
        {below !== undefined && (
          <Text component="div" c="dimmed" size="sm" mt={2}>
            {below}
          </Text>
        )}
      </div>
      {children !== undefined && <Group gap="xs">{children}</Group>}
    </header>
  );
}
