/** Where volumes are mounted. The image makes these folders, owned by the user that it runs as. */
export const volumes = {
  artifacts: '/var/lib/podway/artifacts',
  ssh: '/var/lib/podway/ssh',
  spool: '/var/lib/podway/spool',
  admin: '/var/lib/podway/admin',
  demoHosts: '/var/lib/podway/demo-hosts',
  site: '/srv/shop',
};

/** A container of one of our images: nothing that it does not need. */
export function image(target) {
  return {
    image: `podway/${target}`,
    // Never somebody else's image of this name.
    pull_policy: 'never',
    init: true,
    restart: 'unless-stopped',
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  };
}

/** Makes the image. One container of each does, as engines go through all layers again for each that asks. */
export function built(target) {
  return { build: { context: '.', target }, pull_policy: 'build' };
}

/** A check of health, without blanks in its arguments: Podman splits them there. */
export function answers(...urls) {
  return ['CMD', 'node', 'tools/compose/answers.mjs', ...urls];
}
