import { InstallOnOthers, InstallUpdate } from '@podway/contracts';
import { SourceFetcher } from '@podway/installers';
import { defineWorker, handles } from '@podway/service-kit';
import { InstallerAgentSettings } from './installer-agent.config.js';
import { Building } from './building.js';
import { Installing } from './installing.js';
import { InstallingOnOthers } from './installing-on-others.js';
import { Preparing } from './preparing.js';
import { secretsOfProcess } from './secrets.js';

/** FIG. 2, 212, and 216 where a POD wants its other servers installed, too. Scales out on its own: any number of agents take from the same queue. */
export const service = defineWorker({
  name: 'installer-agent',
  settings: InstallerAgentSettings,
  steps: (parts, settings) => {
    const { servers, driver, updates, artifacts, balancer } = parts;
    const sources = new SourceFetcher({
      folder: settings.fetchDir,
      maxBytes: settings.fetchMaxBytes,
      timeoutMs: settings.fetchTimeoutMs,
      allowPrivate: settings.fetchPrivate,
    });
    const preparing = new Preparing(
      driver,
      secretsOfProcess(settings.secretsDir),
      sources,
      parts.clientVariables,
    );
    const building = new Building(driver, updates, artifacts);
    const installing = new Installing(servers, driver, balancer, preparing, building);
    const onOthers = new InstallingOnOthers(parts, preparing, building);
    return [
      handles(InstallUpdate, installing, { prefetch: 4 }),
      handles(InstallOnOthers, onOthers, { prefetch: 4 }),
    ];
  },
});
