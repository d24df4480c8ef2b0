/**
 * Episodes of several turns by the house model, each with searches in memory: 64 and 256 together, of which 64 write at a time, and
 * some of them one by one.
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
  const tasks = worldTasks(quick ? 8 : 256);
  const fewer = tasks.slice(0, tasks.length / 4);
  const some = tasks.filter((_, index) => index % 16 === 0);
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine });
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  // Both ways keep the same programs: what differs is only how many episodes are in a batch.
  const decoder = policyDecoder(model);
  const options = { model, tokenizer, decoder, temperature: 0, maxTurns: 4, maxTurnTokens: quick ? 4 : 96 };
  const allTogether = () => playEpisodes(searchingGame, tasks, options);
  const fewerTogether = () => playEpisodes(searchingGame, fewer, options);
  const oneByOne = async () => {
    for (const task of some) await playEpisodes(searchingGame, [task], options);
  };
  const metrics = episodeMetrics(await allTogether());
  if (!quick) assert.ok(metrics["turns/clipped_ratio"] < 0.01, "the house model ends its turns");
  const timings = await measure({ fewerTogether, allTogether, oneByOne }, quick ? QUICK : { rounds: 3 });
  await decoder.dispose();
  await model.dispose();
  await engine.dispose();

  const number = (name: string) => metrics[name].toFixed(1);
  const shape = `${number("episodes/mean_turns")} turns of ${number("turns/mean_length")} tokens, contexts of ` +
    number("episodes/mean_context_tokens");
  const rateOf = (way: keyof typeof timings, { length }: typeof tasks) => ({ timing: timings[way], flops: length });
  const measured = (what: string, { timing, flops }: ReturnType<typeof rateOf>) => ({
    ...{ what, shape, spread: timing.spread, unit: "episodes/s" as const },
    value: flops / timing.milliseconds * 1000,
  });
  const slow = rateOf("oneByOne", some);
  const fast = (way: keyof typeof timings, played: typeof tasks) => {
    const times = ratioOfRates(rateOf(way, played), slow);
    const note = `${times.toFixed(1)} times as fast as one by one`;
    return row({ ...measured(`${played.length} together`, rateOf(way, played)), timeRatio: 1 / times, note });
  };
  return [row(measured("one by one", slow)), fast("fewerTogether", fewer), fast("allTogether", tasks)];
}
