import type { Theme } from 'vitepress';
// Without fonts: nothing is loaded that the reader does not have.
import DefaultTheme from 'vitepress/theme-without-fonts';
import { Diagram } from './diagram.js';
import './podway.css';

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => void app.component('Diagram', Diagram),
} satisfies Theme;
