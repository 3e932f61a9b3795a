import { IsString, Matches, MaxLength } from 'class-validator';
import { Setting } from '@podway/service-kit';

/** Settings of the one-shot migration. */
export class MigrateSettings {
  /** The database that is brought up to date. */
  @Setting('DATABASE_URL', 'text', { secret: true })
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a URL like postgres://user:password@host:5432/podway' })
  databaseUrl: string;

  /** File of the first admin's key; made when missing. */
  @Setting('PODWAY_ADMIN_KEY_FILE')
  @IsString()
  @MaxLength(4000)
  adminKeyFile: string = '.podway/admin.key';
}
