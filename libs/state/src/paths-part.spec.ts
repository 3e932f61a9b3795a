import { keepsThePromiseOfParts } from '../test/part-contract.js';
import { pathsPart } from '../test/paths-kit.js';
import { systemFolder } from '../test/system-folder.js';

const system = systemFolder();

// With borg: parts.long.spec.ts.
keepsThePromiseOfParts('paths with restic', () => Promise.resolve(pathsPart('restic', system.path)));
