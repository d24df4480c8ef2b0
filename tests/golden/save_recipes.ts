/**
 * Trains a little with every trainer and writes each run as a recipe for every tool that has its method, for
 * `check_recipes.py`; also replies with Kiln's rewards for them:
 * `deno run -A tests/golden/save_recipes.ts FOLDER`.
 */
import { REASONING_PREFILL } from "../../lib/data/mod.ts";
import { exportRecipe, RECIPE_TOOLS, RecipeError } from "../../lib/recipes/mod.ts";
import { gsm8kFiveRewards, gsm8kTagRewards } from "../../lib/train/mod.ts";
import { withHouseModel } from "../support/house_model.ts";
import { dpoRun, freeAdapters, grpoRun, ppoRun, sftRun, turnsRun } from "../support/recipe_runs.ts";
import { rewardReplies } from "../support/reward_replies.ts";

const [folder] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
await withHouseModel(async ({ model, tokenizer }) => {
  const maker = { model, tokenizer, outputs: folder, adapters: [] };
  const runs = [
    await grpoRun(maker),
    await sftRun(maker),
    await sftRun(maker, { packing: true }),
    await turnsRun(maker),
    await dpoRun(maker),
    await dpoRun(maker, { chats: true }),
    await ppoRun(maker),
  ];
  freeAdapters(maker);
  for (const run of runs) {
    for (const to of RECIPE_TOOLS) {
      for (const gpus of [1, 2]) {
        try {
          const output = `${run}/${to}-${gpus}`;
          const recipe = await exportRecipe({
            run,
            to,
            gpus,
            output,
            model: await Deno.realPath("data/models/kiln-tiny"),
          });
          console.log(recipe.folder, recipe.files.length, "files");
        } catch (error) {
          if (!(error instanceof RecipeError)) throw error;
          console.log(run, to, error.message);
        }
      }
    }
  }
});

const scored: Record<string, (number | null)[]> = {};
const { replies, golds } = rewardReplies();
const batch = {
  prompts: replies.map(() => ""),
  completions: replies,
  completionIds: replies.map(() => []),
  answer: golds,
};
for (const [group, make] of Object.entries({ gsm8kTagRewards, gsm8kFiveRewards })) {
  for (const prefill of ["", REASONING_PREFILL]) {
    for (const [name, reward] of Object.entries(make({ prefill }))) {
      scored[`${group}.${name} ${JSON.stringify(prefill)}`] = await reward(batch);
    }
  }
}
await Deno.writeTextFile(`${folder}/rewards.json`, JSON.stringify({ replies, golds, scored }));
