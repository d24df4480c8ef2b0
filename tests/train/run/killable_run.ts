/**
 * A run of 600 steps with a checkpoint after every tenth, which goes on where it was killed:
 * `deno run -A killable_run.ts FOLDER`. It prints the step of each checkpoint.
 */
import { writeFileAtomic } from "../../../lib/files/mod.ts";
import { continueRun, createRun, newestRun } from "../../../lib/train/run/mod.ts";

/** Steps of the run. */
export const STEPS = 600;

/** Runs to the end; what is done in a step depends on its number alone. */
export async function killableRun(outputs: string): Promise<void> {
  const path = await newestRun("killed", { outputs });
  const checkpoint = path === null ? 0 : await readCheckpoint(path);
  const run = path === null
    ? await createRun("killed", { steps: STEPS }, { outputs })
    : await continueRun(path, { step: checkpoint });
  for (let step = checkpoint + 1; step <= STEPS; step++) {
    const metrics = { loss: 1 / step, entropy: Math.sin(step) };
    const rollouts = [{
      promptIds: [1],
      completionIds: [step],
      terminated: true,
      prompt: "p".repeat(500),
      completion: `${step}`,
      rewards: { length: step },
      reward: step,
      advantage: 0,
    }];
    const notes = step % 50 === 0 ? [`at step ${step}`] : [];
    await run.log({ step, totalSteps: STEPS, metrics, notes, rollouts });
    if (step % 10 !== 0) continue;
    await writeFileAtomic(`${run.path}/checkpoint.json`, `${step}`);
    console.log(step);
  }
  await run.close();
}

async function readCheckpoint(path: string): Promise<number> {
  try {
    return Number(await Deno.readTextFile(`${path}/checkpoint.json`));
  } catch {
    return 0;
  }
}

if (import.meta.main) await killableRun(Deno.args[0]);
