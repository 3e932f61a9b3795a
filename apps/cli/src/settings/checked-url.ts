import { UsageError } from '../cli.errors.js';

/** The address of an API, without slashes at its end. @throws UsageError */
export function checkedUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`${url} is not an http or https address`);
  }
  return url.replace(/\/+$/, '');
}
