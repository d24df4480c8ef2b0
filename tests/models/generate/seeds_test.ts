import assert from "node:assert/strict";
import { generate } from "../../../lib/models/mod.ts";
import { randomPrompts, tokensOf, withSmallModel } from "./models.ts";

Deno.test("generate() with seeds draws by a prompt's seed, whatever the prompt's place in the batch", () =>
  withSmallModel(async (model) => {
    const [first, second] = randomPrompts([5, 9]);
    const options = { samples: 2, maxNewTokens: 10, stopTokenIds: [] };
    const prompts = [first, second, first];
    const tokens = tokensOf(await generate(model, { ...options, prompts, seeds: ["a", "b", "c"] }));
    assert.notDeepEqual(tokens[0], tokens[2], "the same prompt with another seed");
    const seeds = ["c", "a", "b"];
    const moved = tokensOf(await generate(model, { ...options, prompts: [first, first, second], seeds, seed: 7 }));
    assert.deepEqual(moved, [tokens[2], tokens[0], tokens[1]]);
    const alone = tokensOf(await generate(model, { ...options, prompts: [second], seeds: ["b"] }));
    assert.deepEqual(alone, [tokens[1]]);
    assert.deepEqual(
      tokensOf(await generate(model, { ...options, prompts: [first], seeds: ["7"] })),
      tokensOf(await generate(model, { ...options, prompts: [first], seeds: [7] })),
    );
  }));

Deno.test("generate() refuses another number of seeds than of prompts", () =>
  withSmallModel(async (model) => {
    const run = generate(model, { prompts: randomPrompts([3, 3]), seeds: [1] });
    await assert.rejects(run, /seeds: expected one for each of 2 prompts, got 1/);
  }));
