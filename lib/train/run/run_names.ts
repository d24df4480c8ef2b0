/** Runs by name and number: `outputs/NAME-001`. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { FileSystem } from "../../files/mod.ts";

/** Written first into a run's folder; a folder without it is not a run. */
export const PARAMETERS_FILE = "parameters.json";

/** Throws when a name could leave the folder of runs, or would read badly in a path. */
export function checkRunName(name: string): void {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    throw new Error(`run name "${name}": expected lower-case letters, digits, "-" and "_"`);
  }
}

/** Takes the next number by making its folder: two runs started together get different ones. */
export async function nextRunFolder(outputs: string, name: string, fileSystem: FileSystem): Promise<string> {
  try {
    await fileSystem.makeFolder(outputs);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new Error(`outputs: ${outputs} is a file, or within one: expected a folder for runs`, { cause: error });
  }
  const highest = (await numbersOf(outputs, name)).at(-1) ?? 0;
  for (let number = highest + 1;; number++) {
    const path = runPath(outputs, name, number);
    try {
      await fileSystem.createFolder(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/**
 * The folder of the newest run of a name, to go on with (`continueRun`) or to read.
 *
 * @param options.outputs Where runs live; default `outputs`.
 * @param options.parameters Only runs whose own parameters have these values, such as `{ recipe: "qwen" }`.
 * @returns null when there is none.
 */
export async function newestRun(
  name: string,
  { outputs = "outputs", parameters = {} }: { outputs?: string; parameters?: Readonly<Record<string, unknown>> } = {},
): Promise<string | null> {
  checkRunName(name);
  for (const number of (await numbersOf(outputs, name)).reverse()) {
    const path = runPath(outputs, name, number);
    const own = await readParameters(path);
    if (own !== null && Object.entries(parameters).every(([key, value]) => isDeepStrictEqual(own[key], value))) {
      return path;
    }
  }
  return null;
}

function runPath(outputs: string, name: string, number: number): string {
  return `${outputs}/${name}-${String(number).padStart(3, "0")}`;
}

/** In rising order. */
async function numbersOf(outputs: string, name: string): Promise<number[]> {
  const numbers: number[] = [];
  try {
    for await (const { name: existing } of Deno.readDir(outputs)) {
      const number = existing.startsWith(`${name}-`) ? existing.slice(name.length + 1) : "";
      if (/^\d{3,}$/.test(number)) numbers.push(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return numbers.sort((a, b) => a - b);
}

/** A run's parameters. Null where it has none: a process that was killed in its first instant leaves a folder with nothing in it. */
async function readParameters(path: string): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}/${PARAMETERS_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    // Somebody else's file says nothing about what it was run with.
    return {};
  }
}
