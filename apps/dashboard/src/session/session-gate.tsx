import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { PodwayError } from '@podway/contracts/plain';
import { ApiError, Podway } from '@podway/sdk';
import { broughtBack, comesBack } from './issuer.js';
import { keptKey } from './kept-key.js';
import { SessionContext, type Session } from './session.js';
import { SignIn } from './sign-in.js';

const apiWith = (key: string): Podway =>
  new Podway({ url: window.location.origin, key, retry: { attempts: 3 } });

/** Between two tries with a kept key while Podway does not answer. */
const AGAIN_MS = 3_000;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Shows the sign-in until somebody is known, and what is inside to that one. */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<string>();
  const [away, setAway] = useState(false);
  const [trying, setTrying] = useState(() => keptKey.read() !== undefined || comesBack());

  const signOut = useCallback(
    (why?: string) => {
      keptKey.forget();
      queries.clear();
      setProblem(why);
      setSession(undefined);
    },
    [queries],
  );

  const signIn = useCallback(
    async (key: string): Promise<boolean> => {
      setTrying(true);
      try {
        const podway = apiWith(key);
        const caller = await podway.caller();
        setProblem(undefined);
        setSession({ podway, caller, signOut });
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) keptKey.forget();
        setProblem(messageOf(error));
        setAway(error instanceof PodwayError && error.retryable);
        return false;
      } finally {
        setTrying(false);
      }
    },
    [signOut],
  );

  // A token of an issuer lasts for its time only, so it is kept for the tab.
  const comeBack = useCallback(async (): Promise<void> => {
    try {
      const token = await broughtBack((path) => navigate(path, { replace: true }));
      if (await signIn(token)) keptKey.keep(token, false);
    } catch (error) {
      setProblem(messageOf(error));
      setTrying(false);
    }
  }, [navigate, signIn]);

  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const key = keptKey.read();
    if (comesBack()) void comeBack();
    else if (key !== undefined) void signIn(key);
  }, [signIn, comeBack]);

  // Who was signed in comes in again by itself once Podway answers.
  useEffect(() => {
    const key = keptKey.read();
    if (session || trying || !away || key === undefined) return;
    const timer = setTimeout(() => void signIn(key), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [session, trying, away, signIn]);

  useEffect(() => {
    const key = keptKey.read();
    if (!session || key === undefined) return;
    return keptKey.onForgotten(key, () => signOut('You signed out in another tab.'));
  }, [session, signOut]);

  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (error instanceof ApiError && error.status === 401)
          signOut('Your key, or the time that you were signed in for, is over.');
      }),
    [queries, signOut],
  );

  if (session) return <SessionContext value={session}>{children}</SessionContext>;
  return (
    <SignIn
      problem={problem}
      again={away && keptKey.read() !== undefined}
      trying={trying}
      onSignIn={(key, stay) => {
        void signIn(key).then((known) => {
          if (known) keptKey.keep(key, stay);
        });
      }}
    />
  );
}
