import { parseArgs } from 'node:util';

/**
 * Reads `--name N` and `--flag` options. `defaults`: a number makes an option that takes a positive integer, a boolean
 * makes a flag. Prints `usage` and ends the process for anything else.
 */
export function commandLine(usage, defaults, argv = process.argv.slice(2)) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: typeof value === 'boolean' ? 'boolean' : 'string' },
    ]),
  );
  try {
    const { values } = parseArgs({ args: argv, options: { ...options, help: { type: 'boolean' } } });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const given = Object.entries(values).map(([name, value]) => [
      name,
      typeof defaults[name] === 'number' ? positive(name, value) : value,
    ]);
    return { ...defaults, ...Object.fromEntries(given) };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

function positive(name, text) {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new TypeError(`--${name} takes a whole number from 1 on`);
  return Number(text);
}
