import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc, 100 a second on Linux everywhere. */
const MS_A_TICK = 10;

/**
 * CPU time in milliseconds that this process, all processes whose command line names `mark`, and everything below
 * them have used so far, ended children included. Unlike a wall clock it hardly depends on what else the machine does.
 */
export function cpuMs(mark) {
  const all = processes();
  const counted = new Set();
  const count = (pid) => {
    if (counted.has(pid)) return;
    counted.add(pid);
    for (const entry of all) if (entry.parent === pid) count(entry.pid);
  };
  count(process.pid);
  for (const { pid } of all) if (commandLine(pid).includes(mark)) count(pid);
  const ticks = all.reduce((sum, { pid, used }) => sum + (counted.has(pid) ? used : 0), 0);
  return ticks * MS_A_TICK;
}

/** CPU time in milliseconds that one process has used so far, without its children. */
export function processCpuMs(pid) {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      const text = read(`/proc/${name}/stat`);
      if (text === '') return [];
      // What follows the program's name, which may contain anything.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const used = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      return [{ pid: Number(name), parent: Number(fields[1]), used }];
    });
}

const commandLine = (pid) => read(`/proc/${pid}/cmdline`);

/** Empty for a process that has ended meanwhile. */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
