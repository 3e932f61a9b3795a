import {
  PodwayError,
  type Component,
  type InstallerKind,
  type StatePart,
  type StatePartKind,
  type StateSpec,
} from '@podway/contracts';

/** An installer would change what the POD's snapshot does not hold, so that nothing could put it back. Nothing was touched. */
export class NotCoveredError extends PodwayError {
  constructor(pod: string, problems: readonly string[]) {
    super('INSTALL.NOT_COVERED', `${pod}: ${problems.join('; ')}`, { details: { pod, problems } });
  }
}

/** Drivers of `state.parts` of which one must be there, for installers that change more than the tree. */
const covering: Partial<Record<InstallerKind, readonly StatePartKind[]>> = {
  deb: ['packages'],
  sql: ['database'],
  // The driver packages is dpkg's. What records files, or a program of the operator, can put these back.
  rpm: ['command', 'volume', 'paths'],
  msi: ['command', 'volume', 'paths'],
};

/** Whether the installer changes the server where it is, outside the tree. */
export function changesServer({ installer }: Component): boolean {
  return covering[installer] !== undefined;
}

/** Whether the part holds what the component changes, as far as both say so. */
export function holds(part: StatePart, { installer, engine, database }: Component): boolean {
  return installer !== 'sql' || (part.engine === engine && part.database === database);
}

/** @throws NotCoveredError naming each component that nothing could put back */
export function refuseUncovered(pod: string, components: readonly Component[], state: StateSpec): void {
  const { parts = [] } = state;
  const problems = components.flatMap((component) => {
    const { name, installer, engine, database } = component;
    const wanted = covering[installer];
    if (!wanted || parts.some((part) => wanted.includes(part.driver) && holds(part, component))) return [];
    const what = database === undefined ? '' : ` for ${database} of ${engine ?? ''}`;
    return [
      `${name} (${installer}) needs a part of the POD's state with the driver ${wanted.join(' or ')}${what}`,
    ];
  });
  if (problems.length > 0) throw new NotCoveredError(pod, problems);
}
