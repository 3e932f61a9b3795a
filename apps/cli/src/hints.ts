/** What to do about an error, by its code or the family of its code. */
const hints: Readonly<Record<string, string>> = {
  'SDK.UNREACHABLE':
    'Is Podway running? `npm start` starts it on this machine; --url or PODWAY_URL say where else it is.',
  'SDK.WAIT_ENDED': 'The deployment goes on. `podway status <id>` shows it.',
  'SDK.CANNOT_PACK': 'Nothing was published.',
  'CLI.NO_KEY':
    'Give one with --key or PODWAY_KEY. A local all-in-one leaves its own in .podway/admin.key: run podway beside it.',
  'CLI.USAGE': '`podway --help` shows the commands, `podway <command> --help` their options.',
  'AUTH.REQUIRED': 'Give a key with --key or PODWAY_KEY.',
  'AUTH.INVALID_KEY':
    'Check --key, PODWAY_KEY or the configuration file; an admin makes keys with `podway keys create`.',
  'AUTH.NOT_ALLOWED':
    'Ask an admin for a key with that role: `podway keys create --client <client> --role <role>`.',
  'POD.NOT_FOUND': '`podway pods list` shows the PODs that your key may see.',
  'DEPLOYMENT.NOT_FOUND': '`podway status` shows the latest deployments.',
  'DEPLOYMENT.FINISHED': '`podway rollback --pod <pod>` goes back to the release before.',
  'RELEASE.NOT_FOUND': '`podway releases --pod <pod>` shows the releases.',
  'UPDATE.NO_TARGET': 'Name the POD with --pod, or in podway.yaml under target.pod.',
  'BUNDLE.*': 'Nothing was kept. Mend the folder and publish it again.',
};

export function hintFor(code: string): string | undefined {
  return hints[code] ?? hints[`${code.split('.')[0]}.*`];
}
