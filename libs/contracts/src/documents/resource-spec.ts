import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsOptional } from 'class-validator';
import { IsName } from '../forms.js';
import type { Unchecked } from '../rules.js';
import { updateModes, type UpdateMode } from '../update-modes.js';

/** What a client calls its own, a storefront for example, and the PODs that serve it. */
export class ResourceSpec {
  /** Unique among the client's resources. */
  @IsName()
  name: string;

  @IsName()
  client: string;

  /** PODs of the same client. An update of the resource goes to all of them. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsName({ each: true })
  pods: string[];

  /** How an update of several PODs is done, unless it says so itself. Default `in-order`. */
  @IsOptional()
  @IsIn(updateModes)
  mode?: UpdateMode;
}

/** Names are unique among a client's resources. */
export function resourcesProblem({ resources }: Unchecked<{ resources: unknown }>): string | undefined {
  if (!Array.isArray(resources)) return undefined;
  const names = resources.map((one: Unchecked<ResourceSpec> | null) => `${one?.client}/${one?.name}`);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return twice === undefined ? undefined : `the resource ${twice} is there twice`;
}
