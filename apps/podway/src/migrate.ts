import { readSettings } from '@podway/service-kit';
import { prepareDatabase } from './all-in-one.js';
import { MigrateSettings } from './migrate.config.js';

// One-shot: brings the database up to date before any service starts.
const settings = readSettings(MigrateSettings);
await prepareDatabase(settings.databaseUrl, settings.adminKeyFile);
process.stdout.write(`the database is up to date; the admin's key is in ${settings.adminKeyFile}\n`);
