/**
 * Episodes of several turns by the house model: 64 questions, each with searches in memory, all together, and every fourth of
 * them one by one.
 */
import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { episodeMetrics, playEpisodes, policyDecoder } from "../../lib/train/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { searchingGame, worldTasks } from "../support/searching_game.ts";
import { measure, QUICK, ratioOfRates } from "./measure.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";

export const episodesSection: Section = {
  name: "episodes",
  title: "Episodes of several turns, house model",
  cases: [{ name: "episodes", run: measureEpisodes }],
};

async function measureEpisodes({ quick }: BenchSettings): Promise<Row[]> {
  const tasks = worldTasks(quick ? 8 : 64);
  const some = tasks.filter((_, index) => index % 4 === 0);
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine });
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  // Both ways keep the same programs: what differs is only how many episodes are in a batch.
  const decoder = policyDecoder(model);
  const options = { model, tokenizer, decoder, temperature: 0, maxTurns: 4, maxTurnTokens: quick ? 4 : 96 };
  const together = () => playEpisodes(searchingGame, tasks, options);
  const oneByOne = async () => {
    for (const task of some) await playEpisodes(searchingGame, [task], options);
  };
  const metrics = episodeMetrics(await together());
  if (!quick) assert.equal(metrics["turns/clipped_ratio"], 0, "the house model ends its turns");
  const timings = await measure({ together, oneByOne }, quick ? QUICK : { rounds: 3 });
  await decoder.dispose();
  await model.dispose();
  await engine.dispose();

  const number = (name: string) => metrics[name].toFixed(1);
  const shape = `${number("episodes/mean_turns")} turns of ${number("turns/mean_length")} tokens, contexts of ` +
    number("episodes/mean_context_tokens");
  const rates = {
    together: { timing: timings.together, flops: tasks.length },
    oneByOne: { timing: timings.oneByOne, flops: some.length },
  };
  const times = ratioOfRates(rates.together, rates.oneByOne);
  const measured = (what: string, { timing, flops }: typeof rates.together) => ({
    ...{ what, shape, spread: timing.spread, unit: "episodes/s" as const },
    value: flops / timing.milliseconds * 1000,
  });
  return [
    row(measured("one by one", rates.oneByOne)),
    row({
      ...measured(`${tasks.length} together`, rates.together),
      timeRatio: 1 / times,
      note: `${times.toFixed(1)} times as fast as one by one`,
    }),
  ];
}
