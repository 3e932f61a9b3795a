export interface PodNames {
  readonly pod: string;
  readonly client: string;
}

/** A first `pods.yaml`: one POD of two servers. Examples in it are as those of `podway.yaml`. */
export function podsYaml({ pod, client }: PodNames): string {
  return `# The PODs and their servers. All fields: docs/pods-file.md of Podway.
# An admin applies it: podway pods apply -f pods.yaml
# What is commented out are examples: they hold without the # at the beginning of their lines.
apiVersion: podway/v1
pods:
  - name: ${pod}
    client: ${client}

    # Host names whose accesses go to this POD.
    hosts: [www.example.org]

    # On each server. The web server's root is <path>/current.
    path: /srv/${pod}
    state:
      driver: tree
#      # What the site itself writes stays over all releases.
#      shared: [uploads/]
#      # Releases that servers keep, to go back to.
#      keep: 5
#      # Run after each switch, without a shell.
#      reload: [systemctl, reload, nginx]

    # Tests that every release must pass on each server.
    checks:
      - name: the front page
        probe: http
        path: /

    servers:
      - name: web1
        # Where users' accesses go.
        http: http://10.0.0.11:80
        ssh:
          host: 10.0.0.11
          user: deploy
          # On the machine that Podway runs on. Without it: the setting PODWAY_SSH_KEY.
          identityFile: /etc/podway/id_ed25519
          # As \`ssh-keyscan -t ed25519 10.0.0.11\` prints it, without the address. Other keys are refused.
          hostKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHzRJq9tihzfdnEvox3FEe2jq9ru8gJOrDwZfJE9Aas9]
      - name: web2
        http: http://10.0.0.12:80
        ssh:
          host: 10.0.0.12
          user: deploy
          identityFile: /etc/podway/id_ed25519
          hostKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJJNDJJbCmAppL/1o5XlzR7uA6NDOfduCg4YcYVK/dC4]

#    policy:
#      # What happens when a server cannot take a release: rollback-all or quarantine.
#      onPartialFailure: quarantine
#      # Updates begin at night only; times in milliseconds.
#      windows:
#        maintenance:
#          - cron: 0 2 * * *
#            durationMs: 10800000
#            timeZone: Europe/Berlin
`;
}
