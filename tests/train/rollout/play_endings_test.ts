import assert from "node:assert/strict";
import {
  type EpisodesProgress,
  type Game,
  type NextMove,
  playEpisodes,
  type PlayOptions,
  policyDecoder,
} from "../../../lib/train/mod.ts";
import { type Script, scriptedGame, tokenizer, withWriter } from "./scripted_game.ts";

const append: NextMove = { kind: "append", text: " and the" };
const again: NextMove = { kind: "again" };

const script = (moves: readonly NextMove[], prompt: Script["prompt"] = "the cat"): Script => ({
  id: "s",
  prompt,
  moves,
});

Deno.test("playEpisodes() says why an episode ended, and what was cut off", () =>
  withWriter(async (options) => {
    const end = async (moves: readonly NextMove[], changes: Partial<PlayOptions<Script>> = {}, prompt?: string) =>
      (await playEpisodes(scriptedGame, [script(moves, prompt)], { ...options, ...changes }))[0];
    const stopAtAll = { stopTokenIds: Array.from({ length: tokenizer.vocabSize }, (_, id) => id) };
    assert.equal((await end([])).ending, "truncated");
    assert.equal((await end([], stopAtAll)).ending, "ended");
    const all = await end([append, append, append], { maxTurns: 3 });
    assert.deepEqual([all.ending, all.turns.length], ["maxTurns", 3]);
    assert.equal((await end([append, append], { maxTurns: 3, ...stopAtAll })).ending, "ended");
    const failed = await end([append, { kind: "failed", message: "the index is gone" }]);
    assert.deepEqual([failed.ending, failed.failure, failed.turns.length], ["failed", "the index is gone", 2]);
    assert.equal(all.failure, null);
  }));

Deno.test("playEpisodes() ends an episode whose next turn would not fit, without what it would have read", () =>
  withWriter(async (options) => {
    const prompt = tokenizer.encode("the cat").length;
    const more = tokenizer.encode(" and the").length;
    // Room for the prompt, two turns of 12 and the text between them, but not for a third.
    const maxContextTokens = prompt + 12 + more + 12;
    const play = async (moves: readonly NextMove[], limit: number, first?: string) =>
      (await playEpisodes(scriptedGame, [script(moves, first)], {
        ...options,
        stopTokenIds: [],
        maxContextTokens: limit,
      }))[0];
    const two = await play([append, append, append], maxContextTokens);
    assert.deepEqual([two.ending, two.turns.length], ["maxContextTokens", 2]);
    assert.equal(two.contexts[0].ids.length, maxContextTokens);
    const one = await play([append, append, append], maxContextTokens - 1);
    assert.deepEqual([one.ending, one.turns.length, one.contexts[0].ids.length], ["maxContextTokens", 1, prompt + 12]);
    const none = await play([], 20, "the cat sat on the mat and the dog sat on the log, user and assistant");
    assert.deepEqual([none.ending, none.turns, none.contexts], ["maxContextTokens", [], []]);
    const next = await play([{ kind: "prompt", prompt: "a" }, append, append], maxContextTokens);
    assert.deepEqual(next.contexts.map(({ turnEnds }) => turnEnds.length), [1, 2], "a new prompt has room again");
  }));

Deno.test("playEpisodes() writes a turn anew as often as it may, and keeps nothing of those thrown away", () =>
  withWriter(async (options) => {
    const seen: string[] = [];
    const watching: Game<Script, { at: number }> = {
      ...scriptedGame,
      act: (plays) => {
        seen.push(...plays.map(({ turns }) => turns.at(-1)!.text));
        return scriptedGame.act(plays);
      },
    };
    const play = async (moves: readonly NextMove[], changes: Partial<PlayOptions<Script>> = {}) => {
      seen.length = 0;
      return (await playEpisodes(watching, [script(moves)], { ...options, ...changes }))[0];
    };
    const once = await play([again, append, again, again, append]);
    assert.deepEqual([once.regenerations, once.turns.length, once.contexts.length], [3, 3, 1]);
    assert.equal(new Set(seen).size, 6, "each was drawn anew");
    assert.deepEqual(once.turns.map(({ text }) => text), [seen[1], seen[4], seen[5]]);
    assert.equal(once.contexts[0].turnEnds.length, 3);

    const stubborn = await play([again, again, again, append]);
    assert.deepEqual([stubborn.regenerations, stubborn.ending, stubborn.turns.length], [2, "truncated", 1]);
    assert.equal(stubborn.turns[0].text, seen[2]);
    assert.equal((await play([again, append], { maxRegenerations: 0 })).turns.length, 1);
    const greedy = await play([again, append], { temperature: 0 });
    assert.deepEqual([greedy.regenerations, greedy.turns.length, seen.length], [0, 1, 1], "it would write the same");
  }));

Deno.test("playEpisodes() ends with the signal's reason, while turns are written or the game acts", () =>
  withWriter(async (options) => {
    const tasks = [script([append, append])];
    for (const when of ["begin", "turn", "act"]) {
      const abort = new AbortController();
      const stop = () => abort.abort(new Error("stopped by the user"));
      let acted = 0;
      const game: Game<Script, { at: number }> = {
        ...scriptedGame,
        act: (plays, signal) => {
          assert.equal(signal, abort.signal);
          acted++;
          if (when === "act") stop();
          return scriptedGame.act(plays);
        },
      };
      if (when === "begin") stop();
      const onProgress = ({ turns }: EpisodesProgress) => when === "turn" && turns === 1 && stop();
      const decoder = policyDecoder(options.model);
      await assert.rejects(
        playEpisodes(game, tasks, { ...options, decoder, signal: abort.signal, onProgress }),
        /stopped by the user/,
      );
      await decoder.dispose();
      assert.ok(acted <= 1 && (when !== "begin" || acted === 0));
    }
  }));

Deno.test("playEpisodes() tells how far it is", () =>
  withWriter(async (options) => {
    const reports: EpisodesProgress[] = [];
    const tasks = [script([again, append]), script([])];
    const played = await playEpisodes(scriptedGame, tasks, {
      ...options,
      samples: 2,
      onProgress: (progress) => reports.push(progress),
    });
    assert.deepEqual(reports[0], { finished: 0, total: 4, turns: 0, tokens: 0 });
    const last = reports.at(-1)!;
    assert.deepEqual([last.finished, last.total, last.turns], [4, 4, 4 + 2 + 2]);
    const kept = played.flatMap(({ turns }) => turns).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    assert.ok(last.tokens > kept, "tokens thrown away are counted");
    for (const [index, report] of reports.entries()) {
      const before = reports[index - 1] ?? report;
      assert.ok(report.finished >= before.finished && report.turns >= before.turns && report.tokens >= before.tokens);
    }
  }));

Deno.test("playEpisodes() gives back what its decoder held, and leaves one alone that it was given", () =>
  withWriter(async (options) => {
    // The first call also makes tables that the model keeps.
    await playEpisodes(scriptedGame, [script([append])], options);
    const before = options.model.engine.bytesInUse;
    await playEpisodes(scriptedGame, [script([append])], options);
    assert.equal(options.model.engine.bytesInUse, before);
    await assert.rejects(
      playEpisodes({ ...scriptedGame, act: () => Promise.reject(new Error("a bug")) }, [script([])], options),
      /a bug/,
    );
    assert.equal(options.model.engine.bytesInUse, before);
    const decoder = policyDecoder(options.model);
    const runs = [1, 2].map(() => playEpisodes(scriptedGame, [script([append])], { ...options, decoder }));
    assert.deepEqual(...await Promise.all(runs) as [unknown, unknown]);
    await decoder.dispose();
  }));

Deno.test("playEpisodes() says what is wrong with options, prompts and moves", () =>
  withWriter(async (options) => {
    const play = (changes: Partial<PlayOptions<Script>>, task = script([])) =>
      playEpisodes(scriptedGame, [task], { ...options, ...changes });
    await assert.rejects(play({ samples: 0 }), /samples: expected a positive integer, got 0/);
    await assert.rejects(play({ maxTurns: 1.5 }), /maxTurns: expected a positive integer/);
    await assert.rejects(play({ maxContextTokens: 513 }), /maxContextTokens: expected at most 512, the positions/);
    await assert.rejects(play({ maxTurnTokens: 512 }), /maxTurnTokens: expected fewer than maxContextTokens, 512/);
    await assert.rejects(play({ maxRegenerations: -1 }), /maxRegenerations: expected a whole number from 0, got -1/);
    await assert.rejects(play({ samples: 3, temperature: [1, 1] }), /temperature: .* each of 3 samples, got 2 of them/);
    await assert.rejects(
      play({ temperature: NaN }),
      /temperature: expected 0 \(greedy\) or a positive number, got NaN/,
    );
    await assert.rejects(play({ stopStrings: [""] }), /stopStrings: the empty string/);
    await assert.rejects(play({}, script([], "")), /task 0, sample 0: the prompt has no token/);
    await assert.rejects(play({}, script([{ kind: "go" } as never])), /task 0, sample 0: act\(\) gave \{"kind":"go"\}/);
    const tooFew = { ...scriptedGame, act: () => Promise.resolve([]) };
    await assert.rejects(
      playEpisodes(tooFew, [script([])], options),
      /act\(\) gave 0 moves: expected one for each of 1/,
    );
    assert.deepEqual(await playEpisodes(scriptedGame, [], options), []);
  }));
