# For rabbitmq:*-management. The server itself reads RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS.
FROM localhost/podway-tests/debian
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends rabbitmq-server \
 && rm -rf /var/lib/apt/lists/* /var/lib/rabbitmq/.erlang.cookie /var/lib/rabbitmq/mnesia \
 && printf '[rabbitmq_management].\n' >/etc/rabbitmq/enabled_plugins
ENV PATH=/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq RABBITMQ_LOGS=-
VOLUME /var/lib/rabbitmq
CMD ["rabbitmq-server"]
