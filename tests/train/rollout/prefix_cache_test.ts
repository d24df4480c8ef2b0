import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { type NextMove, playEpisodes } from "../../../lib/train/mod.ts";
import { CountingDecoder } from "../../models/generate/counting_decoder.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { searchingGame, worldTasks } from "../../support/searching_game.ts";
import { type Script, scriptedGame, tokenizer, withWriter } from "./scripted_game.ts";

const append: NextMove = { kind: "append", text: " and the dog" };
const again: NextMove = { kind: "again" };
const prompt = (text: string): NextMove => ({ kind: "prompt", prompt: text });

Deno.test("playEpisodes() plays the same whatever is kept between turns, all modes mixed", () =>
  withWriter(async (options) => {
    const { model } = options;
    const adapter = await createLora(model, new Random(1), { r: 2 });
    for (const factor of adapter.factors.values()) (factor.data as Float32Array).forEach((_, i, all) => all[i] += 0.05);
    const tasks: Script[] = [
      { id: "append", prompt: "the cat sat on the mat", moves: [append, append, append, append] },
      { id: "prompt", prompt: "the cat sat", moves: [prompt("the cat sat on"), prompt("the cat sat on the log")] },
      { id: "again", prompt: "the dog", moves: [again, append, again, again, prompt("the dog sat"), append] },
      { id: "short", prompt: "the cat", moves: [] },
      { id: "chat", prompt: [{ role: "user", content: "the cat" }], moves: [append, prompt("the cat and")] },
    ];
    for (const used of [null, adapter]) {
      const decoder = new CountingDecoder(model, { adapter: used });
      const play = async (prefixCacheBytes: number | undefined, maxBatchRows: number) => {
        decoder.read = 0;
        const settings = { samples: 3, temperature: [1, 0, 0.7], stopStrings: ["e"], prefixCacheBytes, maxBatchRows };
        const played = await playEpisodes(scriptedGame, tasks, { ...options, adapter: used, decoder, ...settings });
        return { played, read: decoder.read };
      };
      const whole = await play(0, 64);
      assert.ok(whole.played.some(({ regenerations }) => regenerations > 0));
      assert.ok(new Set(whole.played.map(({ turns }) => turns.length)).size > 2, "they end at different times");
      for (const [bytes, rows] of [[undefined, 64], [undefined, 2], [30_000, 64]] as const) {
        const { played, read } = await play(bytes, rows);
        assert.deepEqual(played, whole.played);
        if (rows === 64) assert.ok(read < whole.read, `${read} of ${whole.read} tokens are read`);
      }
      await decoder.dispose();
    }
    adapter.factors.forEach((factor) => factor.dispose());
    await model.dispose();
    assert.equal(model.engine.bytesInUse, 0);
  }));

Deno.test("playEpisodes() reads only what is appended, and after a change of the policy all again", () =>
  withWriter(async (options) => {
    const decoder = new CountingDecoder(options.model);
    const first = "the cat sat on the mat";
    const tasks: Script[] = [{ id: "s", prompt: first, moves: [append, append] }];
    const own = { ...options, decoder, stopTokenIds: [] };
    await playEpisodes(scriptedGame, tasks, own);
    const length = (text: string) => tokenizer.encode(text).length;
    // The token drawn last was not read yet.
    const read = length(first) + 2 * (1 + length(" and the dog"));
    assert.equal(decoder.read, read);
    // Nothing stays for another call, before which weights or factors may have changed.
    await playEpisodes(scriptedGame, tasks, own);
    assert.equal(decoder.read, 2 * read);
    await decoder.dispose();
  }));

Deno.test("playEpisodes() reads a quarter less of the house model's searches", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const decoder = new CountingDecoder(model);
    const play = async (prefixCacheBytes?: number) => {
      decoder.read = 0;
      const settings = { temperature: 0, maxTurns: 4, maxTurnTokens: 96, prefixCacheBytes };
      const played = await playEpisodes(searchingGame, worldTasks(4), { model, tokenizer, decoder, ...settings });
      return { played, read: decoder.read };
    };
    const [whole, kept] = [await play(0), await play()];
    assert.deepEqual(kept.played, whole.played);
    assert.ok(kept.read < whole.read * 3 / 4, `${kept.read} of ${whole.read} tokens are read`);
    await decoder.dispose();
  }));
