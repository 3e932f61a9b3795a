import type { CommandLine, CommandLines, OptionWords } from './command-lines.js';

/** Options whose value is a file or a folder. */
const FILES = new Set(['--file', '--sign', '--out', '--head']);

/** For bash from 4 on. Folders and files are completed where no word of ours fits. */
export function bashScript(lines: CommandLines): string {
  const cases = lines.map(
    ({ path, below, options, choices }) =>
      `    '${path}') below='${below.join(' ')}' options='${allWords(options)}' choices='${choices.join(' ')}' ;;`,
  );
  return `# bash completion of podway: eval "$(podway completion bash)"
_podway_words() {
  case $1 in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
_podway() {
  local word below options choices path='' index current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  _podway_words ''
  for ((index = 1; index < COMP_CWORD; index += 1)); do
    word=\${COMP_WORDS[index]}
    case " $below " in
      *" $word "*) path=\${path:+$path }$word; _podway_words "$path" ;;
    esac
  done
  COMPREPLY=()
  case $path:$before in
${valueCases(lines)}
  esac
  case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$below $choices" -- "$current") ;;
  esac
}
complete -o bashdefault -o default -F _podway podway
`;
}

/** Options with a value: its choices, or nothing, so that files are completed. */
function valueCases(lines: CommandLines): string {
  const cases = lines.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const names = [option.long, option.short].filter((name) => name !== undefined);
        const patterns = names.map((name) => `'${path}:${name}'`).join('|');
        const words = option.choices.join(' ');
        return `    ${patterns}) mapfile -t COMPREPLY < <(compgen -W '${words}' -- "$current"); return ;;`;
      }),
  );
  return cases.join('\n');
}

/** For zsh. */
export function zshScript(lines: CommandLines): string {
  const cases = lines.map(
    ({ path, below, options, choices }) =>
      `    '${path}') below=(${quotedPairs(below, lines, path)}) options=(${options.map((one) => zshOption(one)).join(' ')}) choices=(${choices.join(' ')}) ;;`,
  );
  return `#compdef podway
# zsh completion of podway: eval "$(podway completion zsh)", or as _podway in a folder of $fpath
_podway() {
  local path_='' word
  local -a below options choices names
  _podway_line() {
    case $1 in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
    names=(\${below%%:*})
  }
  _podway_line ''
  for word in \${words[2,CURRENT-1]}; do
    if (( \${names[(Ie)$word]} )); then path_=\${path_:+$path_ }$word; _podway_line "$path_"; fi
  done
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o option options
  elif (( \${#below} )); then
    _describe command below
  elif (( \${#choices} )); then
    compadd -- $choices
  else
    _files
  fi
}
if [[ $funcstack[1] == _podway ]]; then _podway "$@"; elif (( $+functions[compdef] )); then compdef _podway podway; fi
`;
}

function quotedPairs(below: readonly string[], lines: CommandLines, path: string): string {
  return below
    .map((name) => {
      const line = lines.find((one) => one.path === (path === '' ? name : `${path} ${name}`));
      return quoted(`${name}:${line?.description ?? ''}`);
    })
    .join(' ');
}

function zshOption({ long, description }: OptionWords): string {
  return quoted(`${long}:${description}`);
}

/** For fish. */
export function fishScript(lines: CommandLines): string {
  const rows = lines.flatMap((line) => [
    ...line.below.map((name) => fishCommand(line, name, lines)),
    ...line.choices.map((choice) => `complete -c podway -n ${condition(line.path)} -f -a ${quoted(choice)}`),
    ...line.options.map((option) => fishOption(line, option)),
  ]);
  return `# fish completion of podway: podway completion fish | source
function __podway_at
    set -l path
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; and continue
        contains -- "$path $word" $__podway_paths; and set path "$path $word"
    end
    test "$path" = "$argv[1]"
end
set -g __podway_paths ${lines
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(` ${path}`))
    .join(' ')}
${rows.join('\n')}
`;
}

function condition(path: string): string {
  return quoted(`__podway_at "${path === '' ? '' : ` ${path}`}"`);
}

function fishCommand({ path }: CommandLine, name: string, lines: CommandLines): string {
  const line = lines.find((one) => one.path === (path === '' ? name : `${path} ${name}`));
  return `complete -c podway -n ${condition(path)} -f -a ${quoted(name)} -d ${quoted(line?.description ?? '')}`;
}

function fishOption(
  { path }: CommandLine,
  { long, short, description, takesValue, choices }: OptionWords,
): string {
  return [
    `complete -c podway -n ${condition(path)} -l ${long.slice(2)}`,
    ...(short ? [`-s ${short.slice(1)}`] : []),
    ...(takesValue ? [FILES.has(long) ? '-r' : '-x'] : []),
    ...(choices.length > 0 ? [`-a ${quoted(choices.join(' '))}`] : []),
    `-d ${quoted(description)}`,
  ].join(' ');
}

function allWords(options: readonly OptionWords[]): string {
  return options.flatMap(({ long, short }) => (short ? [long, short] : [long])).join(' ');
}

/** All three shells take it so, as long as it has no quote of its own. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’').replaceAll('\\', '/')}'`;
}
