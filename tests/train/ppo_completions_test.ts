import assert from "node:assert/strict";
import { completionEpisodes, type Sampler } from "../../lib/train/mod.ts";
import { idTokenizer } from "../support/tiny_model.ts";

/** Answers with the prompt's last id and the round's number; the second of a prompt is cut off. */
const sampler: Sampler = ({ prompts, samples, round }) =>
  Promise.resolve(
    prompts.flatMap((prompt) =>
      Array.from({ length: samples }, (_, i) => ({ tokenIds: [prompt.at(-1)!, 10 + round], terminated: i === 0 }))
    ),
  );

const trainDataset = [2, 3, 4, 5, 6].map((id) => ({ prompt: `9 ${id}`, gold: id }));
const rewards = {
  odd: ({ gold }: { gold: number[] }) => gold.map((id) => id % 2),
  unsure: ({ gold }: { gold: number[] }) => gold.map((id) => id === 2 ? null : 0.5),
};
const options = {
  trainDataset,
  rewards,
  sampler,
  tokenizer: idTokenizer,
  promptsPerRound: 2,
  rewardWeights: { odd: 2 },
};

Deno.test("completionEpisodes() makes an episode of each completion, whose prompt is not the policy's", async () => {
  const play = completionEpisodes({ ...options, shuffle: false, numGenerations: 2 });
  const [first, second, third] = await play(0);
  assert.deepEqual(first.ids, [9, 2, 2, 10]);
  assert.deepEqual(first.lossMask, [false, false, true, true]);
  assert.deepEqual([first.terminated, second.terminated], [true, false]);
  assert.deepEqual([first.prompt, first.completion, first.rewards], ["9 2", "2 10", { odd: 0, unsure: null }]);
  // A reward that is not given is left out, of the score and of the log.
  assert.equal(first.score, 0);
  assert.deepEqual(second.metrics, { "rewards/odd/mean": 0, "completions/clipped_ratio": 1 });
  assert.equal(third.score, 2.5);
  assert.deepEqual(third.metrics, {
    "rewards/odd/mean": 1,
    "rewards/unsure/mean": 0.5,
    "completions/clipped_ratio": 0,
  });
  assert.deepEqual((await play(1)).map(({ ids }) => ids[1]), [4, 4, 5, 5]);
  assert.deepEqual(
    (await play(2)).map(({ ids }) => ids),
    [[9, 2], [9, 2], [9, 3], [9, 3]].map((ids) => [...ids, ids[1], 12]),
  );
});

Deno.test("completionEpisodes() has the same prompts for a round, whichever were asked for before, and visits all", async () => {
  const [one, other] = [completionEpisodes(options), completionEpisodes(options)];
  const prompts = async (play: typeof one, round: number) => (await play(round)).map(({ prompt }) => prompt);
  const inOrder: string[][] = [];
  for (let round = 0; round < 6; round++) inOrder.push(await prompts(one, round));
  assert.deepEqual(await prompts(other, 5), inOrder[5]);
  assert.deepEqual(await prompts(other, 0), inOrder[0]);
  assert.equal(new Set([...inOrder[0], ...inOrder[1]]).size, 4, "no prompt twice in a pass");
  assert.notDeepEqual(inOrder.slice(0, 2), inOrder.slice(2, 4), "another order in the next pass");
  assert.throws(
    () => completionEpisodes({ ...options, promptsPerRound: 6 }),
    /promptsPerRound: expected at most 5, the rows of trainDataset, got 6/,
  );
});
