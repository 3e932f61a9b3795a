import { ActionIcon, AppShell, Burger, Group, NavLink, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { useLive, type LiveStatus } from '../live/live-events.js';
import { useSession } from '../session/session.js';
import { Icon, type IconName } from '../shown/icon.js';
import { Mark } from '../shown/mark.js';
import type { Shown } from '../shown/words.js';
import { Away } from './away.js';
import { Finder } from './finder.js';
import { Logo } from './logo.js';
import { SchemeSwitch } from './scheme-switch.js';

const views: readonly { to: string; label: string; icon: IconName; of: RegExp }[] = [
  { to: '/', label: 'Fleet', icon: 'layers', of: /^\/($|pods)/ },
  { to: '/deployments', label: 'Deployments', icon: 'list', of: /^\/deployments/ },
  { to: '/events', label: 'Events', icon: 'pulse', of: /^\/events/ },
  { to: '/operations', label: 'Operations', icon: 'tool', of: /^\/operations/ },
];

const liveShown: Readonly<Record<LiveStatus, Shown>> = {
  connecting: { word: 'Connecting', icon: 'busy', tone: 'quiet' },
  live: { word: 'Live', icon: 'pulse', tone: 'good' },
  lost: { word: 'Reconnecting', icon: 'alert', tone: 'warn' },
};

/** Header and navigation around every view. */
export function Shell({ children }: { children: ReactNode }) {
  const [open, { toggle, close }] = useDisclosure(false);
  const { status } = useLive();
  const { pathname } = useLocation();
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 196, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#content" className="skip">
        Skip to the content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Logo />
          </Group>
          <UnstyledButton className="finder-button" onClick={() => spotlight.open()} visibleFrom="sm">
            <Icon name="search" />
            <span>Find a POD, deployment or view</span>
            <kbd>Ctrl K</kbd>
          </UnstyledButton>
          <Group gap="xs" wrap="nowrap">
            <ActionIcon
              variant="default"
              size="lg"
              hiddenFrom="sm"
              aria-label="Find"
              onClick={() => spotlight.open()}
            >
              <Icon name="search" />
            </ActionIcon>
            <span role="status" aria-label="Connection to Podway">
              <Mark shown={liveShown[status]} quiet />
            </span>
            <SchemeSwitch />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Views">
        {views.map(({ to, label, icon, of }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            leftSection={<Icon name={icon} />}
            active={of.test(pathname)}
            aria-current={of.test(pathname) ? 'page' : undefined}
            onClick={close}
          />
        ))}
        <Caller />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Away />
        {children}
      </AppShell.Main>
      <Finder />
    </AppShell>
  );
}

function Caller() {
  const { caller, signOut } = useSession();
  return (
    <div className="caller">
      <Text size="xs" c="dimmed">
        Signed in as
      </Text>
      <Text size="sm" fw={600}>
        {caller.role} {caller.client === '*' ? '' : `of ${caller.client}`}
      </Text>
      <Text size="xs" c="dimmed" className="mono" truncate>
        {caller.credential}
      </Text>
      <NavLink
        component="button"
        label="Sign out"
        leftSection={<Icon name="out" />}
        onClick={() => signOut()}
        mt={4}
        px={0}
      />
    </div>
  );
}
