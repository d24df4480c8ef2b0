/** The command line of `deno task notebook`. */

/** What the command line asks for. */
export type RunCommand = {
  /** Number, name or path. */
  notebook: string;
  size: string | undefined;
  /** Parameter values as text, by name. */
  set: Record<string, string>;
  output: string | undefined;
  inPlace: boolean;
  /** Seconds. */
  cellTimeout: number | undefined;
};

/** A command line that cannot be read. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const RUN_HELP = `Runs a notebook from top to bottom and writes it with its outputs.

  deno task notebook 01                          the full run
  deno task notebook 01 --size smoke             a short run that shows that everything works
  deno task notebook 01 --steps 20 --model some/model   with other parameters; --set steps=20 does the same

A notebook is named by its number, its name or a path. Every other option sets the parameter of that name
(--max-steps is maxSteps); the notebook's parameters cell says which there are. A value that is the path of
a file or folder, seen from here, is handed on so that the notebook finds it.

  --size <name>             full (default), smoke
  --set <name>=<value>      set a parameter
  --output <path>           where the executed notebook goes; default outputs/notebooks/<name>.ipynb
  --in-place                write it into the notebook itself, if every cell succeeds
  --cell-timeout <seconds>  stop when a cell takes longer
  --help                    this text
`;

/**
 * Reads the arguments of a run.
 *
 * @returns what to run, or "help"
 * @throws UsageError naming the argument that is wrong
 */
export function parseRunArguments(args: readonly string[]): RunCommand | "help" {
  const command: RunCommand = {
    notebook: "",
    size: undefined,
    set: {},
    output: undefined,
    inPlace: false,
    cellTimeout: undefined,
  };
  const rest = [...args];
  while (rest.length > 0) {
    const argument = rest.shift()!;
    if (argument === "-h" || argument === "--help") return "help";
    if (!argument.startsWith("--")) {
      if (command.notebook !== "") {
        throw new UsageError(`one notebook at a time; got ${command.notebook} and ${argument}`);
      }
      command.notebook = argument;
      continue;
    }
    if (argument === "--in-place") {
      command.inPlace = true;
      continue;
    }
    const [, name, attached] = /^--([^=]*)(?:=(.*))?$/s.exec(argument)!;
    const value = attached ?? rest.shift();
    // A number may be negative, but "--lr --steps 3" has forgotten a value.
    if (value === undefined || (attached === undefined && value.startsWith("--"))) {
      throw new UsageError(`--${name} needs a value`);
    }
    setOption(command, name, value);
  }
  if (command.notebook === "") throw new UsageError("which notebook? give its number, such as 01");
  if (command.inPlace && command.output !== undefined) {
    throw new UsageError("--in-place and --output exclude each other");
  }
  return command;
}

function setOption(command: RunCommand, name: string, value: string): void {
  switch (name) {
    case "size":
      command.size = value;
      break;
    case "output":
      command.output = value;
      break;
    case "cell-timeout":
      command.cellTimeout = Number(value);
      if (!(command.cellTimeout > 0)) throw new UsageError(`--cell-timeout expects seconds above 0, got ${value}`);
      break;
    case "set": {
      const [, key, text] = /^([^=]+)=(.*)$/s.exec(value) ?? [];
      if (key === undefined) throw new UsageError(`--set expects name=value, got ${value}`);
      command.set[key] = text;
      break;
    }
    default: {
      if (name === "") throw new UsageError(`"--" is not an option`);
      command.set[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = value;
    }
  }
}
