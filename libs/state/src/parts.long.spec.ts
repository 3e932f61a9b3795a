import { commandPart } from '../test/command-kit.js';
import { blocksRunBy } from '../test/documented-part.js';
import { keepsThePromiseOfParts } from '../test/part-contract.js';
import { pathsPart } from '../test/paths-kit.js';
import { storageProtectPart } from '../test/storage-protect-kit.js';
import { systemFolder } from '../test/system-folder.js';

const system = systemFolder();
/** Stands for a store that all servers reach. */
const store = systemFolder();

const [restore, ...others] = blocksRunBy(import.meta.url);
if (others.length > 0) throw new Error('Nothing here runs the other scripts of docs/state.md');

const commands = (name: string) => () => Promise.resolve(commandPart(name, system.path, store.path));

keepsThePromiseOfParts('paths with borg', () => Promise.resolve(pathsPart('borg', system.path)));
keepsThePromiseOfParts('command with a shared store', commands('app-in-store'));
keepsThePromiseOfParts('command with send and take', commands('app-sent'));
keepsThePromiseOfParts('command with a stand-in for Storage Protect', () =>
  storageProtectPart(restore ?? '', system.path, store.path),
);
