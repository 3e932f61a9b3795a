import { IsDefined, IsOptional } from 'class-validator';
import { IsProgram } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';

const names = ['fingerprint', 'snapshot', 'restore', 'send', 'take', 'drop'] as const;

// They reach a server as lines.
function lineProblem(commands: Unchecked<PartCommands>): string | undefined {
  const bad = names.find((name) => {
    const program = commands[name];
    return Array.isArray(program) && program.some((word) => typeof word === 'string' && /[\r\n]/.test(word));
  });
  return bad && `${bad} has a line break in an argument: put such text into a script on the server`;
}

function carryProblem({ send, take }: Unchecked<PartCommands>): string | undefined {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  return isSet(send) === isSet(take) ? undefined : 'send and take go together';
}

const carrySchema = { dependentRequired: { send: ['take'], take: ['send'] } };

/**
 * Programs on a server that record, put back and compare what they know of. `{record}` in an argument is the record's
 * name. Each ends with 0 when it has done its work.
 */
export class PartCommands {
  /** Prints what the state is: the same for the same state, on every server. */
  @IsDefined({ message: 'is missing' })
  @IsProgram()
  @Rule(lineProblem)
  @Rule(carryProblem, carrySchema)
  fingerprint: string[];

  /** Records the state, in the record's folder or elsewhere. May be run again for the same record. */
  @IsDefined({ message: 'is missing' })
  @IsProgram()
  snapshot: string[];

  /** Makes the state exactly that of the record. */
  @IsDefined({ message: 'is missing' })
  @IsProgram()
  restore: string[];

  /** Writes the record to standard output, for another server. Default: the record's folder is carried. */
  @IsOptional()
  @IsProgram()
  send?: string[];

  /** Reads on another server what `send` wrote, and records it there. */
  @IsOptional()
  @IsProgram()
  take?: string[];

  /** Gives up what the record has outside of its folder. */
  @IsOptional()
  @IsProgram()
  drop?: string[];
}
