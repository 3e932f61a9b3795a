import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { Problem } from './problem.js';

interface ReasonDialogProps {
  title: string;
  text: string;
  confirm: string;
  withReason?: boolean;
  needsReason?: boolean;
  /** Has to be typed before anything can be confirmed. */
  typed?: string | undefined;
  onClose: () => void;
  onConfirm: (reason: string | undefined) => Promise<void>;
  children?: ReactNode;
}

/** Who comes with the keyboard goes on where the dialog was asked for. */
function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    },
    [before],
  );
}

/** Asks before something is done, and why it is. Stays open with the server's words when it was refused. */
export function ReasonDialog(props: ReasonDialogProps) {
  const { title, text, confirm, withReason = true, needsReason = false, typed, onClose, onConfirm } = props;
  useFocusBack();
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const missing = (needsReason && reason.trim() === '') || (typed !== undefined && name !== typed);
  const go = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm(reason.trim() === '' ? undefined : reason.trim());
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing) void go();
        }}
      >
        <Stack>
          <Text size="sm">{text}</Text>
          {props.children}
          {withReason && (
            <Textarea
              label="Reason"
              description={needsReason ? undefined : 'Kept in the audit log. May be left out.'}
              required={needsReason}
              maxLength={500}
              data-autofocus
              autosize
              minRows={2}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          {typed !== undefined && (
            <TextInput
              label={`To confirm, type the POD's name: ${typed}`}
              required
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          {problem !== undefined && <Problem error={problem} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={missing}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
