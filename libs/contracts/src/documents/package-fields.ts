import type { Unchecked } from '../rules.js';
import type { Component } from './component.js';

/** A Debian package and its exact version: `nginx=1.22.1-9+deb12u1`, with an architecture where it needs one. */
export const PACKAGE_VERSION = /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?=[0-9][A-Za-z0-9.+:~-]*$/;

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** From where a component of packages has them. */
export function packagesProblem({
  installer,
  packages,
  files,
  url,
}: Unchecked<Component>): string | undefined {
  if (installer === 'deb') {
    return [packages, files, url].some(isSet) ? undefined : 'deb needs packages, files or url';
  }
  if (installer !== 'rpm' && installer !== 'msi') return undefined;
  if (isSet(files) === isSet(url)) return `${installer} needs either files or url`;
  const more = installer === 'msi' && Array.isArray(files) && files.length > 1;
  return more ? 'msi takes one file; others are components of their own' : undefined;
}

const kind = (installer: string) => ({ properties: { installer: { const: installer } } });
const having = (field: string) => ({ required: [field] });

/** The same for editors. */
export const packagesSchema = {
  allOf: [
    { if: kind('deb'), then: { anyOf: ['packages', 'files', 'url'].map(having) } },
    { if: kind('rpm'), then: { oneOf: ['files', 'url'].map(having) } },
    {
      if: kind('msi'),
      then: { oneOf: ['files', 'url'].map(having), properties: { files: { maxItems: 1 } } },
    },
  ],
};
