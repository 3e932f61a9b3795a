import { EventFeed, OutboxRelay } from '@podway/persistence';
import { defineService } from '@podway/service-kit';
import { AccessListener } from './accesses/access-listener.js';
import { ApiListener } from './api/api-listener.js';
import { IngressGatewaySettings } from './ingress-gateway.config.js';

/** FIG. 1, 118 and 134; FIG. 2, 200-204: tells updates from accesses, each on a listener of its own. */
export const service = defineService({
  name: 'ingress-gateway',
  settings: IngressGatewaySettings,
  async start(context) {
    const { infrastructure, logger } = context;
    const { dataSource, broker, databaseUrl } = infrastructure;
    const relay = new OutboxRelay(dataSource, 'ingress', broker, (error) =>
      logger.warn({ err: error }, 'a message waits in the outbox'),
    );
    const feed = new EventFeed(dataSource, databaseUrl);
    const ready = async (): Promise<boolean> => {
      await dataSource.query('select 1');
      return broker.ready();
    };
    const accesses = await AccessListener.start(context);
    let api: ApiListener;
    try {
      api = await ApiListener.start(context, { feed, relay, isReady: ready });
    } catch (error) {
      await accesses.close();
      throw error;
    }
    relay.start();
    feed.start();
    logger.info({ apiPort: api.port, accessPort: accesses.port }, 'listening');
    return {
      ready,
      async stop() {
        await Promise.all([api.close(), accesses.close()]);
        await relay.stop();
        await feed.close();
      },
    };
  },
});
