# For node:*-bookworm-slim.
FROM localhost/podway-tests/debian
COPY --from=program /node /usr/local/bin/
COPY --from=npm / /usr/local/lib/node_modules/npm/
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
# Empty where this machine trusts no authority of its own.
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/podway-tests/extra-ca.pem
CMD ["node"]
