/** Runs as people name them. */
import { isFolder } from "../../files/mod.ts";
import { newestRun } from "./run_names.ts";

/**
 * The folder that is meant by:
 *
 * - a folder, a run's or another one, which is given back as it is
 * - a run's name with its number, `01-grpo-gsm8k-003`
 * - a run's name without it, or `newest:NAME`: the newest run of that name
 *
 * @param options.outputs Where runs live; default `outputs`.
 * @returns null when it is none of these, and cannot be a run's name
 * @throws naming what was looked for, when there is no run of that name
 */
export async function findRun(what: string, { outputs = "outputs" } = {}): Promise<string | null> {
  const newest = /^newest:(.*)$/.exec(what)?.[1];
  if (newest === undefined) {
    if (await isFolder(what)) return what;
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(what)) return null;
    if (await isFolder(`${outputs}/${what}`)) return `${outputs}/${what}`;
  }
  const name = newest ?? what;
  const path = await newestRun(name, { outputs });
  if (path !== null) return path;
  throw new Error(
    `${outputs} has no run called ${name} (looked for ${outputs}/${name} and ${outputs}/${name}-001, -002 ...)`,
  );
}
