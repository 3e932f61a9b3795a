import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The gateway serves it below this path (apps/ingress-gateway/src/dashboard). */
export default defineConfig({
  base: '/dashboard/',
  plugins: [react()],
  resolve: { conditions: ['podway-source', 'module', 'browser', 'default'] },
  build: {
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    // Data URLs would need a wider policy.
    assetsInlineLimit: 0,
  },
  // `npx vite` in this folder, with Podway running.
  server: { proxy: { '/v1': 'http://127.0.0.1:7780' } },
});
