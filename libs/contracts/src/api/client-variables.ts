import { ArrayMaxSize, IsArray, IsOptional, Matches } from 'class-validator';
import { IsVariableValues, MOST_VALUES, VARIABLE_NAME, type VariableValues } from '../documents/variables.js';
import { NAME } from '../patterns.js';

/** Body of `PUT /v1/clients/:id/variables`. Variables that it does not name stay as they are. */
export class ChangeVariablesRequest {
  /** Values by the variables' names. */
  @IsOptional()
  @IsVariableValues()
  set?: VariableValues;

  /** Names of variables that the client is to have no value of. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_VALUES)
  @Matches(VARIABLE_NAME, { each: true })
  unset?: string[];
}

/** Values of bundles' variables for all PODs of a client. Secrets are told as where they are found. */
export class ClientVariablesView {
  @Matches(NAME)
  client: string;

  @IsVariableValues()
  variables: VariableValues;
}
