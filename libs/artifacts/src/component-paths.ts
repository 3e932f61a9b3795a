import type { Component } from '@podway/contracts';
import { climb } from './entry-rules.js';
import { MANIFEST_NAME } from './manifest-file.js';

/** Whether an entry of the bundle belongs to the component's files. */
export function isWithin({ source }: Component, path: string): boolean {
  if (source !== undefined) return path === source || path.startsWith(`${source}/`);
  return path !== MANIFEST_NAME && path !== '';
}

/** The entry's path relative to the component's source; empty for the source itself. */
export function pathWithin({ source }: Component, path: string): string {
  return source === undefined ? path : path.slice(source.length + 1);
}

/** Whether a link at `path` that points to `target` stays in the folder that paths are relative to. */
export function staysWithin(path: string, target: string): boolean {
  return climb(target) <= path.split('/').length - 1;
}

/** Single files of the bundle that a component names. */
export function filesOf({ files = [], script, down }: Component): readonly string[] {
  return [...files, script, down].filter((path) => path !== undefined);
}

/** Whether the component is made of files of the bundle. */
export function takesFromBundle(component: Component): boolean {
  const { installer, url } = component;
  if (installer === 'script') return true;
  return installer === 'archive' ? url === undefined : filesOf(component).length > 0;
}
