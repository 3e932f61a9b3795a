import { EventFeed, LogFeed, OutboxRelay, tenantScoped } from '@podway/persistence';
import { defineService } from '@podway/service-kit';
import { haproxyWatch } from './accesses/haproxy-watch.js';
import { AccessListener } from './accesses/access-listener.js';
import { ApiListener } from './api/api-listener.js';
import { IngressGatewaySettings } from './ingress-gateway.config.js';

/** FIG. 1, 118 and 134; FIG. 2, 200-204: tells updates from accesses, on listeners of their own or on one port. */
export const service = defineService({
  name: 'ingress-gateway',
  settings: IngressGatewaySettings,
  async start(context) {
    const { infrastructure, logger } = context;
    const { dataSource, broker, databaseUrl } = infrastructure;
    const relay = new OutboxRelay(dataSource, 'ingress', broker, (error) =>
      logger.warn({ err: error }, 'a message waits in the outbox'),
    );
    const feed = new EventFeed(tenantScoped(dataSource), databaseUrl);
    const logFeed = new LogFeed(databaseUrl);
    const ready = async (): Promise<boolean> => {
      await dataSource.query('select 1');
      return broker.ready();
    };
    const api = await ApiListener.start(context, { feed, logFeed, relay, isReady: ready });
    let accesses: AccessListener;
    try {
      accesses = await AccessListener.start(context, api.handler);
    } catch (error) {
      await api.close();
      throw error;
    }
    relay.start();
    feed.start();
    logFeed.start();
    const watch = haproxyWatch(context);
    watch.start();
    logger.info(
      { apiPort: api.port, accessPort: accesses.port, accessTlsPort: accesses.tlsPort },
      'listening',
    );
    return {
      ready,
      async stop() {
        await watch.stop();
        await api.close(accesses.close());
        await relay.stop();
        await feed.close();
        await logFeed.close();
      },
    };
  },
});
