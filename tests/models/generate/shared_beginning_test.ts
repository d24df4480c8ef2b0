import assert from "node:assert/strict";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import { generate } from "../../../lib/models/mod.ts";
import { FarEngine } from "../../support/far_engine.ts";
import { assertClose } from "../../support/golden.ts";
import { CountingDecoder } from "./counting_decoder.ts";
import { randomPrompts, smallModel } from "./models.ts";

for (const device of ["this process", "a far engine"]) {
  Deno.test(`generate() reads a beginning that prompts share once, and goes on as from each alone (${device})`, async () => {
    const near = await createEngine({ threads: 1 });
    const engine: Engine = device === "this process" ? near : new FarEngine(near);
    const model = await smallModel(engine, { maxPositions: 1024 });
    const decoder = new CountingDecoder(model);
    // The second length is longer than one piece.
    for (const length of [40, 530]) {
      const [beginning, ...ends] = randomPrompts([length, 3, 7, 1, 5]);
      // One prompt is the beginning itself: all keep a token of their own, so the others' share is one token less.
      const prompts = [...ends.map((end) => [...beginning, ...end]), beginning];
      const options = { decoder, maxNewTokens: 6, stopTokenIds: [], temperature: 0.9 };
      const seeds = prompts.map((_, index) => index);
      decoder.read = 0;
      const together = await generate(model, { ...options, prompts, seeds });
      if (length === 40) assert.equal(decoder.read, 39 + prompts.length * 8);
      for (const [index, prompt] of prompts.entries()) {
        const [[alone]] = await generate(model, { ...options, prompts: [prompt], seeds: [index] });
        assert.deepEqual(together[index][0].tokenIds, alone.tokenIds);
        assertClose(together[index][0].logProbs, alone.logProbs, "log-probabilities");
      }
    }
    // What saves less than it costs is read with the rest.
    const [few] = randomPrompts([12]);
    decoder.read = 0;
    await generate(model, { decoder, prompts: [[...few, 1, 2], [...few, 2, 1]], maxNewTokens: 1 });
    assert.equal(decoder.read, 2 * 14);
    await decoder.dispose();
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
    await near.dispose();
  });
}
