import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter } from 'react-router';
import { LiveEvents } from './live/live-events.js';
import { SessionGate } from './session/session-gate.js';
import { Shell } from './shell/shell.js';
import { Views } from './views.js';
import { theme, variables } from './theme.js';

const queries = new QueryClient({
  defaultOptions: {
    // The SDK tries again what may be tried again; events say when something has changed.
    queries: { retry: false, staleTime: 2_000, refetchInterval: 20_000, refetchOnWindowFocus: true },
  },
});

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <BrowserRouter basename="/dashboard">
          <SessionGate>
            <LiveEvents>
              <Shell>
                <Views />
              </Shell>
            </LiveEvents>
          </SessionGate>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  );
}
