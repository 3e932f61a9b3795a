import { MOST_VALUES, PodwayError, type VariableValues } from '@podway/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit-scope.js';

/** A client would have values of more variables than anything may have. Nothing was changed. */
export class TooManyVariablesError extends PodwayError {
  constructor(client: string, count: number) {
    super(
      'VARIABLES.TOO_MANY',
      `${client} would have ${count} variables: ${MOST_VALUES} are the most that may be`,
      { details: { client, count, most: MOST_VALUES } },
    );
  }
}

export interface VariablesChange {
  readonly set?: VariableValues;
  readonly unset?: readonly string[];
}

/** Values of bundles' variables that hold for all PODs of a client. Of secrets, only where they are found is known. */
export class ClientVariables {
  constructor(private readonly dataSource: DataSource) {}

  /** Undefined: there is no such client. */
  of(client: string, manager = this.dataSource.manager): Promise<VariableValues | undefined> {
    return values(manager, client);
  }

  /** The values as they are then, or undefined when there is no such client. @throws TooManyVariablesError */
  change(client: string, { set = {}, unset = [] }: VariablesChange): Promise<VariableValues | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // What is named in both is set.
      await manager.query(
        'update auth.clients set variables = (variables - $3::text[]) || $2::jsonb where name = $1',
        [client, JSON.stringify(set), [...unset]],
      );
      const variables = await values(manager, client);
      if (!variables) return undefined;
      const count = Object.keys(variables).length;
      if (count > MOST_VALUES) throw new TooManyVariablesError(client, count);
      // Which, not what: the log is for others' eyes than the values.
      const detail = { set: Object.keys(set), unset: [...unset] };
      await recordAudit(manager, { client, subject: `client/${client}/variables`, detail });
      return variables;
    });
  }
}

async function values(manager: EntityManager, client: string): Promise<VariableValues | undefined> {
  const [row]: { variables: VariableValues }[] = await manager.query(
    'select variables from auth.clients where name = $1',
    [client],
  );
  return row?.variables;
}
