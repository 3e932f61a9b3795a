import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  Equals,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
} from 'class-validator';
import { IsName, Nested, UniqueNames } from '../forms.js';
import { Rule, type Unchecked } from '../rules.js';
import { updateModes, type UpdateMode } from '../update-modes.js';
import { Check } from './checks.js';
import { Component } from './component.js';
import { componentsProblem } from './component-order.js';
import { conditionSchema } from './condition.js';
import { Prerequisites } from './prerequisites.js';
import { VariableSpec } from './variables.js';

/** Where an update goes: exactly one of `pod`, `pods` and `resource`. */
export class BundleTarget {
  @IsOptional()
  @IsName()
  pod?: string;

  /** Several PODs, in this order. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsName({ each: true })
  pods?: string[];

  /** One of the client's resources: all its PODs. */
  @IsOptional()
  @IsName()
  resource?: string;

  /** How several PODs are done. Default: as the resource says, otherwise `in-order`. */
  @IsOptional()
  @IsIn(updateModes)
  mode?: UpdateMode;
}

function targetProblem({ target }: Unchecked<BundleManifest>): string | undefined {
  const { pod, pods, resource } = (target ?? {}) as Unchecked<BundleTarget>;
  const named = [pod, pods, resource].filter((one) => one !== undefined && one !== null);
  return named.length === 1 ? undefined : 'must have exactly one of pod, pods and resource';
}

const oneTarget = {
  allOf: [
    {
      properties: {
        target: { oneOf: ['pod', 'pods', 'resource'].map((field) => ({ required: [field] })) },
      },
    },
  ],
};

/** The bundle's manifest `podway.yaml`. */
export class BundleManifest {
  @Equals('podway/v1')
  apiVersion: 'podway/v1';

  /** What is published, for people: `shop`. */
  @IsName()
  name: string;

  @IsString({ message: "must be text: put it in quotes, like '1.0'" })
  @MaxLength(100)
  version: string;

  /** Where it goes, unless the publisher says so with the update. */
  @IsOptional()
  @Nested(() => BundleTarget, { optional: true })
  @Rule(targetProblem, oneTarget)
  target?: BundleTarget;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Nested(() => Component)
  @UniqueNames()
  @Rule(componentsProblem, { allOf: [{ properties: { components: { items: conditionSchema } } }] })
  components: Component[];

  /** What a component is installed with, and differs from POD to POD. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => VariableSpec, { optional: true })
  @UniqueNames()
  variables?: VariableSpec[];

  /** Tests of this update, besides those of the POD. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Nested(() => Check, { optional: true })
  checks?: Check[];

  @IsOptional()
  @Nested(() => Prerequisites, { optional: true })
  prerequisites?: Prerequisites;
}
