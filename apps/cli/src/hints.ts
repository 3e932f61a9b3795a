/** What to do about an error, by its code or the family of its code. */
const hints: Readonly<Record<string, string>> = {
  'SDK.UNREACHABLE':
    'Is Podway running? `npm start` starts it on this machine; --url or PODWAY_URL say where else it is.',
  'SDK.WAIT_ENDED': 'The deployment goes on. `podway status <id>` shows it.',
  'SDK.CANNOT_PACK': 'Nothing was published.',
  'CLI.NO_KEY':
    '`podway login` keeps one; --key or PODWAY_KEY give one. A local all-in-one leaves its own in .podway/admin.key: run podway beside it.',
  'CLI.NO_PROFILE': '`podway login --list` shows what is kept, `podway login --profile <name>` keeps more.',
  'CLI.FILE_EXISTS': '--force writes over it; nothing was written.',
  'CLI.USAGE': '`podway --help` shows the commands, `podway <command> --help` their options.',
  'CLI.NOT_CONFIRMED': 'On a terminal it is asked; elsewhere --yes says so.',
  'AUTH.REQUIRED': 'Give a key with --key or PODWAY_KEY.',
  'AUTH.INVALID_KEY':
    'Check --key, PODWAY_KEY or the configuration file; an admin makes keys with `podway keys create`.',
  'AUTH.NOT_ALLOWED':
    'Ask an admin for a key with that role: `podway keys create --client <client> --role <role>`.',
  'CLIENT.NOT_FOUND': '`podway clients list` shows the clients, `podway clients create` makes one.',
  'POD.NOT_FOUND': '`podway pods list` shows the PODs that your key may see.',
  'DEPLOYMENT.NOT_FOUND': '`podway status` shows the latest deployments.',
  'DEPLOYMENT.FINISHED': '`podway rollback --pod <pod>` goes back to the release before.',
  'DEPLOYMENT.NOTHING_TO_ABORT': '`podway status <deployment>` shows how it goes on.',
  'RELEASE.NOT_FOUND': '`podway releases --pod <pod>` shows the releases.',
  'UPDATE.NO_TARGET': 'Name the POD with --pod, or in podway.yaml under target.pod.',
  'CHECK.NOT_ALLOWED':
    "What checks of an update may be is in the POD's policy.publisherChecks; an admin applies it.",
  'SIGNATURE.REQUIRED': 'Sign it: --sign <file>. `podway signing-keys create` makes a key.',
  'SIGNATURE.KEY_UNKNOWN': '`podway signing-keys list` shows the keys that may sign.',
  'SIGNATURE.SEQUENCE_USED': 'Leave --sequence out to take the next one.',
  'SIGNATURE.EXPIRED': 'Publish again; --expires makes it last longer.',
  'RELEASE.MARKED_BAD':
    '`podway releases unmark <number>` takes the mark away; --force deploys it all the same.',
  'DRIFT.POD_BUSY': '`podway drift --no-check` shows what the last look found.',
  'DIAGNOSIS.NO_ANSWER': 'Is a verifier running, and can it reach the broker and the database?',
  'RELEASE.NOT_KEPT': '`podway releases --pod <pod>` shows the releases; publish the content again.',
  'WEBHOOK.NOT_FOUND': '`podway webhooks list` shows the webhooks that your key may see.',
  'WEBHOOK.DELIVERY_NOT_FOUND': '`podway webhooks deliveries <id>` shows the deliveries that are kept.',
  'WEBHOOK.TOO_MANY': '`podway webhooks remove <id>` makes room.',
  'QUOTA.*':
    '`podway quotas show <client>` shows limits and use; an operator sets them with `podway quotas set`.',
  'BUNDLE.*': 'Nothing was kept. Mend the folder and publish it again.',
};

export function hintFor(code: string): string | undefined {
  return hints[code] ?? hints[`${code.split('.')[0]}.*`];
}
