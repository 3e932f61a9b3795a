# One file for both images: `podway` runs any of the services, `demo-server` is a server to try it on.
# Start commands and settings: docker-compose.yml. With what it was run: docs/operations/containers.md.

FROM node:20.20-bookworm-slim AS base
RUN groupadd --gid 10001 podway \
 && useradd --uid 10001 --gid podway --create-home --shell /bin/sh podway \
 && install -d -m 0755 /var/lib/podway \
 && install -d -m 0700 -o podway -g podway \
      /var/lib/podway/admin /var/lib/podway/artifacts /var/lib/podway/ssh /var/lib/podway/spool \
      /var/lib/podway/demo-hosts \
 && install -d -m 0755 -o podway -g podway /srv/shop
WORKDIR /opt/podway

FROM base AS build
COPY . .
# The embedded PostgreSQL is an optional dependency: containers have a PostgreSQL of their own.
RUN npm ci --no-progress \
 && npm run build \
 && npm prune --omit=dev --omit=optional --no-progress \
 && rm -rf apps/*/src apps/*/test libs/*/src libs/*/test libs/testing

FROM base AS demo-server
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends openssh-server \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
COPY examples/site-server.mjs examples/
COPY tools/compose/ tools/compose/
USER 10001:10001

FROM base AS podway
ENV NODE_ENV=production
COPY --from=build /opt/podway/package.json ./
COPY --from=build /opt/podway/node_modules/ node_modules/
COPY --from=build /opt/podway/libs/ libs/
COPY --from=build /opt/podway/apps/ apps/
COPY tools/compose/answers.mjs tools/compose/
USER 10001:10001
CMD ["node", "apps/podway/dist/main.js"]
