/**
 * Loads what `check_recipes.py` trained with the tools, and compares what the model says with it to what it says in Python:
 * `deno run -A tests/golden/load_recipe_results.ts FOLDER`.
 */
import { loadAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";

const [folder] = Deno.args;
const engine = await createEngine();
const model = await loadModel(HOUSE_MODEL, { engine });
const found: string[] = [];
for (const run of Deno.readDirSync(folder)) {
  if (!run.isDirectory) continue;
  for (const result of ["trl-1/output/adapter", "llamafactory-1/output"]) {
    const path = `${folder}/${run.name}/${result}`;
    if (await Deno.stat(`${path}/probe.json`).catch(() => null)) found.push(path);
  }
}
if (found.length === 0) throw new Error(`${folder} has no results: run check_recipes.py first`);
for (const path of found.sort()) {
  const { tokens: ids, logProbs, without }: { tokens: number[]; logProbs: number[]; without: number[] } = JSON.parse(
    await Deno.readTextFile(`${path}/probe.json`),
  );
  const adapter = await loadAdapter(model, path);
  const { tokens, wanted } = collate([{ ids, lossMask: ids.map(() => true) }], 0);
  const pass = await model.forward(tokens, { adapter });
  const { scores } = await model.logProbs(pass, wanted);
  pass.hidden.dispose();
  const furthest = (a: ArrayLike<number>, b: number[]) => Math.max(...b.map((value, i) => Math.abs(value - a[i])));
  const [error, learned] = [furthest(scores, logProbs), furthest(without, logProbs)];
  if (scores.length !== logProbs.length || !(error < 1e-3) || !(learned > 10 * error)) {
    throw new Error(`${path}: log-probabilities differ by ${error}, and training changed them by ${learned}`);
  }
  console.log(
    `${path}: log-probabilities as PEFT's within ${error.toExponential(1)}; training changed them by ${
      learned.toFixed(4)
    }`,
  );
  for (const factor of adapter.factors.values()) factor.dispose();
}
await model.dispose();
await engine.dispose();
