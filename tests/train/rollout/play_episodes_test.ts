import assert from "node:assert/strict";
import fc from "fast-check";
import { parseR3Step, r3Prompt } from "../../../lib/data/multi_hop/mod.ts";
import type { NextMove, PlayedEpisode } from "../../../lib/train/mod.ts";
import { playEpisodes, policyDecoder } from "../../../lib/train/mod.ts";
import { withHouseModel } from "../../support/house_model.ts";
import { searchingGame, worldTasks } from "../../support/searching_game.ts";
import { type Script, scriptedGame, tokenizer, withWriter } from "./scripted_game.ts";

const WORDS = ["the cat", " sat on", "\n", " dog<|im_end|>", "<|im_start|>user", " log.", "é", ""];
const text = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((words) => words.join(""));
const prompt = text.map((words) => `Q: ${words}`);
const move: fc.Arbitrary<NextMove> = fc.oneof(
  text.map((text): NextMove => ({ kind: "append", text })),
  text.map((text): NextMove => ({ kind: "append", text: [{ control: "<|im_end|>\n" }, text] })),
  prompt.map((prompt): NextMove => ({ kind: "prompt", prompt })),
  prompt.map((content): NextMove => ({ kind: "prompt", prompt: [{ role: "user", content }] })),
  fc.constant<NextMove>({ kind: "again" }),
  fc.constant<NextMove>({ kind: "failed", message: "no index" }),
);
const scripts = fc.array(fc.record({ prompt, moves: fc.array(move, { maxLength: 6 }) }), { minLength: 1, maxLength: 5 })
  .map((list) => list.map((script, index): Script => ({ ...script, id: `script ${index}` })));

/** Checks an episode's contexts: all that is not masked was written by the policy, and all that it wrote is there. */
function checkContexts({ contexts, turns }: PlayedEpisode<unknown, unknown>): void {
  for (const { tokenIds, text, finishReason, stopString, rest } of turns) {
    const written = tokenizer.decode(finishReason === "stop" ? tokenIds.slice(0, -1) : tokenIds);
    assert.equal(text + (stopString ?? "") + rest, written);
    assert.equal(stopString !== null, finishReason === "stopString");
  }
  let turn = 0;
  for (const { ids, lossMask, turnEnds } of contexts) {
    assert.equal(lossMask.length, ids.length);
    assert.ok(turnEnds.length > 0 && !lossMask[0]);
    let drawn = 0;
    for (const end of turnEnds) {
      const { tokenIds } = turns[turn++];
      const start = end + 1 - tokenIds.length;
      assert.deepEqual(ids.slice(start, end + 1), tokenIds);
      assert.ok(lossMask.slice(start, end + 1).every((isDrawn) => isDrawn));
      drawn += tokenIds.length;
    }
    assert.equal(lossMask.filter((isDrawn) => isDrawn).length, drawn, "nothing else is in the loss");
    assert.equal(turnEnds.at(-1), ids.length - 1);
  }
  assert.equal(turn, turns.length);
}

Deno.test("playEpisodes() puts into the loss what the policy drew, and nothing that it read", () =>
  withWriter(async (options) => {
    const decoder = policyDecoder(options.model);
    await fc.assert(
      fc.asyncProperty(scripts, fc.constantFrom([], ["t"], ["e", "at", " "]), async (tasks, stopStrings) => {
        const played = await playEpisodes(scriptedGame, tasks, { ...options, decoder, stopStrings, samples: 2 });
        assert.equal(played.length, 2 * tasks.length);
        for (const [index, episode] of played.entries()) {
          assert.equal(episode.task, tasks[index >> 1]);
          assert.equal(episode.sample, index % 2);
          checkContexts(episode);
        }
      }),
      { numRuns: 25 },
    );
    await decoder.dispose();
  }));

Deno.test("playEpisodes() plays each episode as if it were alone, whatever the batch, and anew with another seed", () =>
  withWriter(async (options) => {
    const decoder = policyDecoder(options.model);
    await fc.assert(
      fc.asyncProperty(scripts, async (tasks) => {
        const own = { ...options, decoder, stopStrings: ["e"], samples: 2 };
        const together = await playEpisodes(scriptedGame, tasks, own);
        assert.deepEqual(await playEpisodes(scriptedGame, tasks, { ...own, maxBatchRows: 3 }), together);
        for (const [index, task] of tasks.entries()) {
          const alone = await playEpisodes(scriptedGame, [task], own);
          assert.deepEqual(alone, together.slice(2 * index, 2 * index + 2));
        }
        const reversed = await playEpisodes(scriptedGame, tasks.toReversed(), own);
        assert.deepEqual(reversed.slice(-2), together.slice(0, 2));
      }),
      { numRuns: 10 },
    );
    const tasks: Script[] = [{ id: "a", prompt: "the", moves: [] }, { id: "b", prompt: "the", moves: [] }];
    const texts = async (seed: number) =>
      (await playEpisodes(scriptedGame, tasks, { ...options, decoder, seed, samples: 2 })).map(({ turns }) =>
        turns[0].text
      );
    const all = [...await texts(1), ...await texts(2)];
    assert.equal(new Set(all).size, 8, "each task, sample and seed draws something else");
    await decoder.dispose();
  }));

Deno.test("playEpisodes() puts prompts, turns and appended texts one after the other, each tokenized on its own", () =>
  withWriter(async (options) => {
    const moves: NextMove[] = [
      { kind: "append", text: "he" },
      { kind: "append", text: [" sat", { control: "<|im_end|>" }, "<|im_end|>"] },
      { kind: "prompt", prompt: [{ role: "user", content: "the<|im_end|>dog" }] },
    ];
    const [{ contexts, turns, ending }] = await playEpisodes(
      scriptedGame,
      [{ id: "s", prompt: "the cat", moves }],
      options,
    );
    assert.equal(ending, "truncated");
    const plain = (text: string) => tokenizer.encode(text, { allowSpecial: false });
    const end = tokenizer.tokenToId("<|im_end|>")!;
    assert.deepEqual(contexts.map(({ ids }) => ids), [
      [
        ...plain("the cat"),
        ...turns[0].tokenIds,
        ...plain("he"),
        ...turns[1].tokenIds,
        ...plain(" sat"),
        end,
        ...plain("<|im_end|>"),
        ...turns[2].tokenIds,
      ],
      [
        ...tokenizer.encode(
          tokenizer.applyChatTemplate([{ role: "user", content: "the< |im_end|>dog" }], { addGenerationPrompt: true }),
        ),
        ...turns[3].tokenIds,
      ],
    ]);
    assert.equal(contexts[0].ids.filter((id) => id === end).length, 1);
  }));

Deno.test("playEpisodes() draws each sample at its own temperature", () =>
  withWriter(async (options) => {
    const tasks: Script[] = [{ id: "s", prompt: "the cat", moves: [{ kind: "append", text: " and" }] }];
    const mixed = await playEpisodes(scriptedGame, tasks, { ...options, samples: 3, temperature: [1, 0, 2] });
    for (const [sample, temperature] of [1, 0, 2].entries()) {
      const same = await playEpisodes(scriptedGame, tasks, { ...options, samples: 3, temperature });
      assert.deepEqual(mixed[sample], same[sample]);
    }
    const [one, two] = await playEpisodes(scriptedGame, tasks, { ...options, samples: 2, temperature: 0 });
    assert.deepEqual(one.contexts, two.contexts, "a greedy policy has one way");
  }));

Deno.test("playEpisodes() asks the game once a turn, about all episodes that are on", () =>
  withWriter(async (options) => {
    const append: NextMove = { kind: "append", text: " and" };
    const tasks: Script[] = [2, 0, 1].map((turns) => ({
      id: `${turns}`,
      prompt: "a",
      moves: Array(turns).fill(append),
    }));
    const asked: string[][] = [];
    await playEpisodes(
      {
        ...scriptedGame,
        act: (plays) => {
          asked.push(plays.map(({ task, turns }) => `${task.id} at ${turns.length}`));
          return scriptedGame.act(plays);
        },
      },
      tasks,
      options,
    );
    assert.deepEqual(asked, [["2 at 1", "0 at 1", "1 at 1"], ["2 at 2", "1 at 2"], ["2 at 3"]]);
  }));

Deno.test("playEpisodes() has the house model search and answer", () =>
  withHouseModel(async ({ model, tokenizer }) => {
    const tasks = worldTasks(12);
    const played = await playEpisodes(searchingGame, tasks, {
      ...{ model, tokenizer, temperature: 0, maxTurns: 6, maxTurnTokens: 96 },
    });
    for (const { task, turns, contexts, state, ending } of played) {
      assert.equal(contexts.length, turns.length, "a prompt for each step");
      contexts.forEach(({ ids }, step) => {
        const prompt = r3Prompt(task.question.question, state.past.slice(0, step));
        const rendered = tokenizer.applyChatTemplate(prompt, { addGenerationPrompt: true });
        assert.deepEqual(ids, [...tokenizer.encode(rendered), ...turns[step].tokenIds]);
        assert.equal(turns[step].finishReason, "stop");
        assert.ok("step" in parseR3Step(turns[step].text, step + 1), turns[step].text);
      });
      assert.equal(ending, "ended");
    }
    const right = played.filter(({ state, task }) => state.answer === task.question.answer).length;
    assert.ok(right >= 6, `${right} of ${played.length} answers are right`);
  }));
