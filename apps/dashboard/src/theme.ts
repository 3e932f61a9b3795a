import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'podway',
  primaryShade: 7,
  colors: {
    podway: [
      '#eef4fb',
      '#dbe6f4',
      '#b3cbe8',
      '#88aedd',
      '#6596d3',
      '#4f86cd',
      '#3f79bf',
      '#2f5d9b',
      '#24508c',
      '#14427d',
    ],
  },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: 'md',
  headings: { fontWeight: '650' },
  respectReducedMotion: true,
});

/** Mantine's dimmed text is too faint for WCAG AA on its own backgrounds. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#566069',
    '--mantine-color-placeholder': '#626c75',
    '--mantine-color-body': '#f6f7f9',
    '--mantine-color-text': '#1c2329',
  },
  dark: {
    '--mantine-color-dimmed': '#a4acb5',
    '--mantine-color-placeholder': '#979fa8',
    '--mantine-color-body': '#14181d',
    '--mantine-color-text': '#dfe3e8',
  },
});
