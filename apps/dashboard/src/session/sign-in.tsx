import { Button, Checkbox, Divider, Paper, PasswordInput, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Logo } from '../shell/logo.js';
import { Notice } from '../shown/notice.js';
import { knownIssuer, leaveFor, type Issuer } from './issuer.js';

interface SignInProps {
  problem: string | undefined;
  /** It is tried again by itself. */
  again: boolean;
  trying: boolean;
  onSignIn: (key: string, stay: boolean) => void;
}

export function SignIn({ problem, again, trying, onSignIn }: SignInProps) {
  const [key, setKey] = useState('');
  const [stay, setStay] = useState(false);
  const { data: issuer } = useQuery({
    queryKey: ['issuer'],
    queryFn: async () => (await knownIssuer()) ?? null,
  });
  return (
    <main className="sign-in">
      <Paper
        component="form"
        withBorder
        shadow="sm"
        p="xl"
        w="100%"
        maw={420}
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') onSignIn(key.trim(), stay);
        }}
      >
        <Stack>
          <Logo />
          <Title order={1} size="h3">
            Sign in
          </Title>
          {problem !== undefined && (
            <Notice
              tone={again ? 'warn' : 'bad'}
              urgent
              title={again ? 'Podway does not answer' : 'That did not work'}
            >
              {again ? 'You are signed in again as soon as it does.' : problem}
            </Notice>
          )}
          {issuer && <IssuerButton issuer={issuer} trying={trying} />}
          <PasswordInput
            label="API key or OIDC token"
            description="The key of the first admin is in .podway/admin.key. Others come from an admin: podway keys create."
            autoComplete="current-password"
            data-autofocus
            autoFocus
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <Checkbox
            label="Stay signed in on this computer"
            checked={stay}
            onChange={(event) => setStay(event.currentTarget.checked)}
          />
          <Button type="submit" loading={trying} disabled={key.trim() === ''}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </main>
  );
}

function IssuerButton({ issuer, trying }: { issuer: Issuer; trying: boolean }) {
  const [problem, setProblem] = useState<string>();
  const leave = (): void => {
    setProblem(undefined);
    leaveFor(issuer).catch((error: Error) => setProblem(error.message));
  };
  return (
    <>
      {problem !== undefined && (
        <Notice tone="bad" urgent title="The issuer could not be reached">
          {problem}
        </Notice>
      )}
      <Button variant="default" loading={trying} onClick={leave}>
        Sign in with {new URL(issuer.issuer).host}
      </Button>
      <Divider label="or" />
    </>
  );
}
