import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { Icon } from './icon.js';

const STILL_MS = 250;

interface TypedFilterProps {
  name: string;
  hint: string;
  value: string;
  onFilter: (value: string) => void;
}

/** A filter that follows what is typed, a moment later. */
export function TypedFilter({ name, hint, value, onFilter }: TypedFilterProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const tell = useDebouncedCallback((next: string) => {
    told.current = next;
    onFilter(next);
  }, STILL_MS);
  useEffect(() => {
    // Its own word must not undo what was typed since.
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  return (
    <TextInput
      aria-label={name}
      placeholder={hint}
      leftSection={<Icon name="search" />}
      maxLength={63}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
    />
  );
}
