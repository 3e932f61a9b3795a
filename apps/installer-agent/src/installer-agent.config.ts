import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { CommonSettings, Setting } from '@podway/service-kit';

export class InstallerAgentSettings extends CommonSettings {
  /** Folder of secrets: a POD's file may name files of it as values of variables. Unset: none may be named. */
  @Setting('PODWAY_SECRETS_DIR')
  @IsOptional()
  @Matches(/^\//, { message: 'must be an absolute path' })
  @MaxLength(4000)
  secretsDir?: string;

  /** Folder in which fetched sources of components wait until they are installed. */
  @Setting('PODWAY_FETCH_DIR')
  @IsString()
  @MaxLength(4000)
  fetchDir: string = '.podway/fetched';

  /** Most bytes of one source that a bundle names by its URL. */
  @Setting('PODWAY_FETCH_MAX_BYTES', 'integer')
  @IsInt()
  @Min(1)
  fetchMaxBytes: number = 2_147_483_648;

  /** Longest time to fetch one source, in milliseconds. */
  @Setting('PODWAY_FETCH_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(86_400_000)
  fetchTimeoutMs: number = 1_800_000;

  /** `true`: sources may be at private addresses too: loopback, link-local, 10.0.0.0/8 and the like. */
  @Setting('PODWAY_FETCH_PRIVATE', 'boolean')
  @IsIn([true, false])
  fetchPrivate: boolean = false;
}
