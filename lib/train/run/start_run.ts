import { findCheckpoint } from "../checkpoint/mod.ts";
import { continueRun, createRun, type CreateRunOptions, type RunFolder } from "./run_folder.ts";
import { newestRun } from "./run_names.ts";

/**
 * A new run's folder, or with `resume` the newest run of that name, which goes on after its newest whole checkpoint. Give the
 * trainer `outputDir: run.path` and the same `resumeFromCheckpoint`. Where there is no run to go on with, one begins.
 *
 * @example
 * ```ts ignore
 * const run = await startRun("sft", parameters, { resume });
 * const steps = sft({ ...options, outputDir: run.path, resumeFromCheckpoint: resume });
 * for await (const step of withProgress(steps)) await run.log(step);
 * await run.close();
 * ```
 */
export async function startRun(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  { resume = false, ...options }: CreateRunOptions & { resume?: boolean } = {},
): Promise<RunFolder> {
  const path = resume ? await newestRun(name, options) : null;
  if (path === null) return await createRun(name, parameters, options);
  const checkpoint = await findCheckpoint(path);
  return await continueRun(path, { step: checkpoint?.step ?? 0, parameters, fileSystem: options.fileSystem });
}
