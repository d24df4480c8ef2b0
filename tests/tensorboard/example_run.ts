/** A small run in event files: begun, torn by a crash, resumed. `deno run -A example_run.ts FOLDER` writes it. */
import { createEventFile, type StepValues } from "../../lib/tensorboard/mod.ts";

/** The clock of the example, in milliseconds since 1970. */
const BEGUN_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Steps 1 to 5 as first written; the record of step 5 is cut off. */
export const FIRST_RUN: readonly StepValues[] = [1, 2, 3, 4, 5].map((step) => ({
  scalars: {
    "train/loss": 1 / step,
    "train/rewards/ünïcode 😀/mean": 0,
    "eval/loss": step % 2 ? NaN : step === 2 ? Infinity : -Infinity,
  },
  histograms: {
    "train/completions/length": [3, 4, 4, 60 * step],
    "train/advantages": [-1.5, 0.25, 0.25, step],
    "train/nothing": [NaN],
  },
}));

/** Steps 3 and 4 of the resumed run; it logs no `eval/loss`. */
export const RESUMED: readonly StepValues[] = [3, 4].map((step) => ({
  scalars: { "train/loss": 10 + step },
  histograms: { "train/same": [0.5, 0.5] },
}));

/** The step at which {@link RESUMED} begins. */
export const RESUMED_AT = 3;

/** Writes the example and returns the paths of its two files. */
export async function writeExampleRun(folder: string): Promise<string[]> {
  let clock = BEGUN_AT;
  const now = () => clock += 250;
  const first = await createEventFile(folder, { now });
  for (const [index, values] of FIRST_RUN.entries()) await first.write(index + 1, values);
  await first.close();
  await Deno.truncate(first.path, (await Deno.stat(first.path)).size - 7);
  const second = await createEventFile(folder, { now, purgeStep: RESUMED_AT });
  for (const [index, values] of RESUMED.entries()) await second.write(RESUMED_AT + index, values);
  await second.close();
  return [first.path, second.path];
}

if (import.meta.main) await writeExampleRun(Deno.args[0]);
