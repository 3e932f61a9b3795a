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
    build: { context: '.', target },
    // Never somebody else's image of this name.
    pull_policy: 'build',
    init: true,
    restart: 'unless-stopped',
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  };
}
