export interface BundleNames {
  readonly name: string;
  readonly pod: string;
  /** Folder with the content, below that of the file. */
  readonly source: string;
}

/** A first `podway.yaml`. Examples have a `#` with no space or several behind it, prose has one. */
export function podwayYaml({ name, pod, source }: BundleNames): string {
  return `# What is published. All fields: docs/publishing.md and docs/installers.md of Podway.
# What is commented out are examples: they hold without the # at the beginning of their lines.
apiVersion: podway/v1

# What it is, for people. A version that looks like a number needs quotes.
name: ${name}
version: 1.0.0

# Where it goes, unless \`podway publish --pod\` says so.
target:
  pod: ${pod}

# What is applied, in this order. \`archive\` makes the folder \`source\` the web root of each server: <path>/current.
components:
  - name: content
    installer: archive
    source: ${source}
#  - name: cache
#    installer: script
#    run: [sh, warm-cache.sh]

# Tests that this update must pass on each server, besides those that the POD has anyway.
#checks:
#  - name: the front page
#    probe: http
#    path: /
#    expectStatus: 200

# What the canary must have before anything is touched.
#prerequisites:
#  diskFreeMb: 100
#  commands: [php]
`;
}
