// Writes the pages of reference below docs/generated: one process for all, as loading the packages takes longest.
await import('./cli-page.mjs');
await import('./api-page.mjs');
await import('./messages-page.mjs');
await import('./file-pages.mjs');
