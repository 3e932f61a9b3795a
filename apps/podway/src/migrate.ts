import { IsString, Matches, MaxLength } from 'class-validator';
import { readSettings, Setting } from '@podway/service-kit';
import { prepareDatabase } from './all-in-one.js';

class MigrateSettings {
  @Setting('DATABASE_URL', 'text', { secret: true })
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a URL like postgres://user:password@host:5432/podway' })
  databaseUrl: string;

  /** File of the first admin's key; made when missing. */
  @Setting('PODWAY_ADMIN_KEY_FILE')
  @IsString()
  @MaxLength(4000)
  adminKeyFile: string = '.podway/admin.key';
}

// One-shot: brings the database up to date before any service starts.
const settings = readSettings(MigrateSettings);
await prepareDatabase(settings.databaseUrl, settings.adminKeyFile);
process.stdout.write(`the database is up to date; the admin's key is in ${settings.adminKeyFile}\n`);
