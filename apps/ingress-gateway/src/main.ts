import { runService } from '@podway/service-kit';
import { service } from './service.js';

await runService(service);
