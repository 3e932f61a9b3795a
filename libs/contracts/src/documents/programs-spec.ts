import { IsOptional } from 'class-validator';
import { IsProgram } from '../forms.js';

/** How installers call programs on a server: the program and what goes before their own arguments. */
export class ProgramsSpec {
  /** Default `[msiexec]`. */
  @IsOptional()
  @IsProgram()
  msiexec?: string[];

  /** Default `[rpm]`. */
  @IsOptional()
  @IsProgram()
  rpm?: string[];

  /** Default `[psql]`. Connection and user go here: `[runuser, -u, postgres, --, psql]`. */
  @IsOptional()
  @IsProgram()
  psql?: string[];

  /** Default `[mariadb]`. Connection and user go here: `[mariadb, --defaults-file=/etc/podway/mariadb.cnf]`. */
  @IsOptional()
  @IsProgram()
  mariadb?: string[];
}
