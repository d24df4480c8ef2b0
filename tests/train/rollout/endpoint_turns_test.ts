import assert from "node:assert/strict";
import fc from "fast-check";
import { createLora } from "../../../lib/adapters/mod.ts";
import { endpointPool } from "../../../lib/endpoints/mod.ts";
import { generate } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import {
  endpointTurns,
  type EpisodesProgress,
  playEpisodes,
  type PlayOptions,
  type TurnSource,
} from "../../../lib/train/mod.ts";
import { withServices } from "../../endpoints/services.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { inFolder } from "../../support/in_folder.ts";
import { searchingGame, type WorldTask, worldTasks } from "../../support/searching_game.ts";
import { type Script, scriptedGame, withWriter } from "./scripted_game.ts";

Deno.test("playEpisodes() makes of turns that are written elsewhere what it makes of its own", () =>
  withWriter(async (options) => {
    const { model, tokenizer } = options;
    let begun = 0;
    /** As another process would: tokens, and how it ended. */
    const turns: TurnSource = {
      begin: () => Promise.resolve(void begun++),
      write: async (requests, { temperature, maxTokens, stopStrings, onTurn }) => {
        const completions = await generate(model, {
          ...{ prompts: requests.map(({ prompt }) => prompt), seeds: requests.map(({ seed }) => seed) },
          ...{ temperature, maxNewTokens: maxTokens, stopStrings, tokenizer, skipSpecialTokens: false },
        });
        return completions.map(([{ tokenIds, finishReason }]) => {
          onTurn?.(tokenIds.length);
          return { tokenIds, finishReason: finishReason as "stop" };
        });
      },
    };
    const tasks: Script[] = [
      { id: "a", prompt: "the cat", moves: [{ kind: "append", text: " sat" }, { kind: "again" }] },
      { id: "b", prompt: [{ role: "user", content: "dog" }], moves: [{ kind: "prompt", prompt: "log" }] },
    ];
    const cases = fc.record({
      stopStrings: fc.constantFrom([], ["t"], ["e", "at", " "], ["<|im_end|>"]),
      temperature: fc.constantFrom<PlayOptions["temperature"]>(0, 1, [1, 0.5]),
      seed: fc.nat(100),
    });
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const progress: EpisodesProgress[] = [];
        const own = { ...options, ...given, samples: 2 };
        const expected = await playEpisodes(scriptedGame, tasks, own);
        const onProgress = (now: EpisodesProgress) => void progress.push(now);
        assert.deepEqual(await playEpisodes(scriptedGame, tasks, { ...own, turns, onProgress }), expected);
        const written = expected.flatMap(({ contexts }) => contexts.flatMap(({ lossMask }) => lossMask)).filter(
          Boolean,
        );
        // Turns that were thrown away count too.
        assert.ok(progress.at(-1)!.tokens >= written.length && progress.at(-1)!.finished === 4);
      }),
      { numRuns: 30 },
    );
    assert.equal(begun, 30);
    const strange: TurnSource = {
      ...turns,
      write: (requests) =>
        Promise.resolve(requests.map(() => ({ tokenIds: [5], finishReason: "stopString" as const }))),
    };
    const stopStrings = ["nowhere"];
    await assert.rejects(
      playEpisodes(scriptedGame, tasks, { ...options, turns: strange, stopStrings }),
      /ended at a stop string, and has none of \["nowhere"\]/,
    );
  }));

Deno.test("endpointTurns() writes the episodes that the local model writes, when an endpoint is killed too", () =>
  inFolder((folder) =>
    withServices(2, folder, (services) =>
      withHouseModel(async ({ model, tokenizer }) => {
        const adapter = await createLora(model, new Random(1), { r: 4 });
        const random = new Random("factors");
        for (const [name, factor] of adapter.factors) {
          if (name.endsWith("lora_B")) {
            (factor.data as Float32Array).forEach((_, i, b) => b[i] = 0.01 * random.normal());
          }
        }
        const tasks = worldTasks(8);
        const options: PlayOptions<WorldTask> = {
          ...{ model, tokenizer, adapter, temperature: 0, maxTurns: 4, maxTurnTokens: 64 },
        };
        const pool = endpointPool({ endpoints: services.map(({ url }) => ({ url })) });
        const turns = endpointTurns({ pool, model, adapter, baseModel: "kiln-tiny", adapterFolder: folder });
        const expected = await playEpisodes(searchingGame, tasks, options);
        assert.ok(expected.some(({ turns }) => turns.length > 1));
        let killed: Promise<void> | undefined;
        const onProgress = ({ turns }: EpisodesProgress) => {
          if (turns > 2) killed ??= services[0].kill();
        };
        assert.deepEqual(await playEpisodes(searchingGame, tasks, { ...options, turns, onProgress }), expected);
        await killed;
        const stats = pool.stats();
        assert.ok(stats[0].failures > 0, "it was killed while it wrote");
        assert.equal(
          stats.reduce((sum, { requests }) => sum + requests, 0),
          expected.reduce((sum, { turns }) => sum + turns.length, 0),
          "every turn was written once",
        );
        // Stop strings end turns there as here, special tokens among them.
        for (const stopStrings of [["\n"], ["<|im_end|>"], [":", "The "]]) {
          const cut = await playEpisodes(searchingGame, tasks.slice(0, 2), { ...options, stopStrings });
          const far = await playEpisodes(searchingGame, tasks.slice(0, 2), { ...options, stopStrings, turns });
          assert.deepEqual(far, cut);
        }
        await turns.dispose();
        await pool.dispose();
        adapter.factors.forEach((factor) => factor.dispose());
      }))
  ));
