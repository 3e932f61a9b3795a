import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { IsProgram, IsRelativePath } from '../forms.js';
import { SHA256 } from '../patterns.js';
import { DecidesFields } from '../rules.js';

export const probeKinds = ['http', 'tcp', 'command', 'fingerprint'] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** One test of a server. Which fields count follows from `probe`. */
export class Check {
  /** `http` asks the server's address, `tcp` opens a port, `command` runs on the server, `fingerprint` looks at one file. */
  @IsIn(probeKinds)
  @DecidesFields({
    http: { takes: ['path', 'host', 'expectStatus', 'expectText'] },
    tcp: { takes: ['port'] },
    command: { needs: ['run'], takes: ['expectText'] },
    fingerprint: { needs: ['file', 'sha256'] },
  })
  probe: ProbeKind;

  /** Shown to people. Default: made from the other fields. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  name?: string;

  /** http: path and query on the server, default `/`. */
  @IsOptional()
  @Matches(/^\/[^\s\u0000-\u001f\u007f]*$/)
  @MaxLength(2000)
  path?: string;

  /** http: value of the Host header. Default: the POD's first host. */
  @IsOptional()
  @Matches(/^[a-z0-9.-]+(:[0-9]{1,5})?$/i)
  @MaxLength(255)
  host?: string;

  /** http: the status that must come. Default 200. */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(599)
  expectStatus?: number;

  /** http, command: text that must be in the body or the output. */
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  expectText?: string;

  /** tcp: port on the server. Default: the port of its `http` address. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number;

  /** command: program and arguments, run in the live tree. No shell is involved. Exit 0 passes, 1 to 125 fails; 126, 127 and signals are errors of the probe. */
  @IsOptional()
  @IsProgram()
  run?: string[];

  /** fingerprint: file in the tree whose SHA-256 must be `sha256`. */
  @IsOptional()
  @IsRelativePath()
  file?: string;

  /** fingerprint: SHA-256 of the file, lower-case hex. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** Time for one try, in milliseconds. Default 5000. */
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(600_000)
  timeoutMs?: number;

  /** Tries before a result other than passed counts. Default 3. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  tries?: number;

  /** Wait between tries, in milliseconds. Default 500. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  intervalMs?: number;
}
