import { TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Icon, type IconName } from './icon.js';

interface FilterFieldProps {
  /** For screen readers; seen, too, with `labelled`. */
  name: string;
  labelled?: boolean;
  hint: string;
  icon?: IconName;
  maxLength?: number;
  /** As the address has it: also when that changes by itself. */
  value: string;
  onFilter: (value: string) => void;
}

/** A filter that is a question to the server: asked when it is entered or left, not for each letter. */
export function FilterField(props: FilterFieldProps) {
  const { name, labelled = false, hint, icon = 'search', maxLength = 63, value, onFilter } = props;
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const enter = (): void => {
    if (text.trim() !== value) onFilter(text.trim());
  };
  return (
    <TextInput
      {...(labelled ? { label: name } : { 'aria-label': name })}
      placeholder={hint}
      leftSection={<Icon name={icon} />}
      maxLength={maxLength}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={enter}
      onKeyDown={(event) => {
        if (event.key === 'Enter') enter();
      }}
    />
  );
}
