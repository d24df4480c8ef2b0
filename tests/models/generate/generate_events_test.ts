import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import {
  Decoder,
  generate,
  type GenerationEvent,
  type GenerationProgress,
  streamGenerate,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose } from "../../support/golden.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { randomPrompts, smallConfig, smallModel, trainingLogProbs, withModel, withSmallModel } from "./models.ts";

Deno.test("streamGenerate() yields each token once, in order, and then its completion", async () => {
  await withModel((engine) => smallModel(engine, { vocabSize: 330 }), async (model) => {
    const tokenizer = tinyTokenizer();
    const options = { prompts: randomPrompts([4, 9], 300), samples: 2, maxNewTokens: 25, tokenizer, maxBatchRows: 3 };
    const expected = await generate(model, options);
    const events: GenerationEvent[] = [];
    for await (const event of streamGenerate(model, options)) events.push(event);
    for (const completion of expected.flat()) {
      const own = events.filter((event) => {
        const { promptIndex, sampleIndex } = event.kind === "token" ? event : event.completion;
        return promptIndex === completion.promptIndex && sampleIndex === completion.sampleIndex;
      });
      const last = own.pop();
      assert.deepEqual(last, { kind: "completion", completion });
      const tokens = own.filter((event) => event.kind === "token");
      assert.deepEqual(tokens.map(({ tokenId }) => tokenId), completion.tokenIds);
      assert.deepEqual(Float32Array.from(tokens, ({ logProb }) => logProb), completion.logProbs);
      assert.equal(tokens.map(({ textDelta }) => textDelta).join(""), completion.text);
      const known = completion.tokenIds.filter((id) => tokenizer.idToToken(id) !== undefined);
      assert.equal(completion.text, tokenizer.decode(known, { skipSpecialTokens: true }));
    }
  });
});

Deno.test("streamGenerate() stops when nobody listens any more", async () => {
  await withSmallModel(async (model) => {
    let count = 0;
    const stream = streamGenerate(model, { prompts: randomPrompts([4]), maxNewTokens: 400, stopTokenIds: [] });
    for await (const _event of stream) if (++count === 5) break;
    assert.equal(count, 5);
  });
});

Deno.test("generate() ends a text at a stop string that spans several tokens", async () => {
  await withModel((engine) => smallModel(engine, { vocabSize: 330 }), async (model) => {
    const tokenizer = tinyTokenizer();
    const options = { prompts: randomPrompts([6], 300), samples: 3, maxNewTokens: 40, tokenizer, stopTokenIds: [] };
    const free = (await generate(model, options))[0];
    // The end of one token and the beginning of the next, from the middle of the first text.
    const { tokenIds } = free[0];
    let at = 10;
    const text = (id: number) => tokenizer.idToToken(id) === undefined ? "" : tokenizer.decode([id]);
    while (!/^[\x20-\x7e]+$/.test(text(tokenIds[at]) + "") || !/^[\x20-\x7e]+$/.test(text(tokenIds[at + 1]))) at++;
    const stop = text(tokenIds[at]).slice(-1) + text(tokenIds[at + 1]).slice(0, 1);
    const stopped = (await generate(model, { ...options, stopStrings: ["never, never", stop] }))[0];
    stopped.forEach((completion, sample) => {
      const end = free[sample].text!.indexOf(stop);
      assert.equal(completion.text, end < 0 ? free[sample].text : free[sample].text!.slice(0, end));
      assert.equal(completion.finishReason, end < 0 ? "length" : "stopString");
      assert.deepEqual(completion.tokenIds, free[sample].tokenIds.slice(0, completion.tokenIds.length));
    });
    assert.equal(stopped[0].finishReason, "stopString");
    assert.ok(stopped[0].tokenIds.length <= at + 2);
  });
});

Deno.test("generate() comes back with what it has when it is aborted", async () => {
  await withSmallModel(async (model) => {
    const options = { prompts: randomPrompts([4, 6, 3]), samples: 2, maxNewTokens: 30, stopTokenIds: [] };
    const whole = (await generate(model, options)).flat();
    const controller = new AbortController();
    let tokens = 0;
    const aborted = (await generate(model, {
      ...options,
      maxBatchRows: 4,
      signal: controller.signal,
      onToken: () => {
        if (++tokens === 20) controller.abort();
      },
    })).flat();
    assert.equal(aborted.length, 6);
    aborted.forEach((completion, i) => {
      assert.equal(completion.finishReason, "aborted");
      assert.deepEqual(completion.tokenIds, whole[i].tokenIds.slice(0, completion.tokenIds.length));
      assert.equal(completion.logProbs.length, completion.tokenIds.length);
    });
    assert.equal(aborted.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0), tokens);
    assert.equal(aborted.filter(({ tokenIds }) => tokenIds.length === 0).length, 2);
  });
});

Deno.test("generate() reports progress up to all completions", async () => {
  await withSmallModel(async (model) => {
    const progress: GenerationProgress[] = [];
    const options = { prompts: randomPrompts([4, 6]), samples: 2, maxNewTokens: 60, maxBatchRows: 3 };
    const completions = await generate(model, { ...options, onProgress: (now) => progress.push(now) });
    const tokens = completions.flat().reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    assert.deepEqual(progress[0], { finished: 0, total: 4, tokens: 0 });
    assert.deepEqual(progress.at(-1), { finished: 4, total: 4, tokens });
  });
});

Deno.test("generate() never draws a token that the logits processor forbids", async () => {
  await withSmallModel(async (model) => {
    const prompts = randomPrompts([4, 6]);
    const isAllowed = (token: number, length: number) => token % 3 === length % 3;
    for (const temperature of [0, 1]) {
      const completions = await generate(model, {
        prompts,
        samples: 2,
        maxNewTokens: 20,
        temperature,
        stopTokenIds: [],
        logitsProcessor: (logits, { tokenIds, promptIds, promptIndex }) => {
          assert.deepEqual(promptIds, prompts[promptIndex]);
          logits.forEach((_, token) => isAllowed(token, tokenIds.length) || (logits[token] = -Infinity));
        },
      });
      for (const { promptIndex, tokenIds, logProbs } of completions.flat()) {
        assert.ok(tokenIds.every(isAllowed));
        // The log-probability stays that of the model.
        const expected = await trainingLogProbs(model, prompts[promptIndex], tokenIds);
        assertClose(logProbs, expected, "log-probabilities", 1e-4);
      }
    }
    const forbidAll = { prompts, logitsProcessor: (logits: Float32Array) => void logits.fill(-Infinity) };
    await assert.rejects(generate(model, forbidAll), /prompts\[\d\], sample 0, token 0: the logits processor left no/);
  });
});

Deno.test("generate() leaves no tensor on the engine", async () => {
  await withSmallModel(async (model) => {
    const { engine } = model;
    const adapter = await createLora(model, new Random(1), { r: 4 });
    await model.rotaryTables(128);
    const before = engine.bytesInUse;
    const options = { prompts: randomPrompts([70, 6]), samples: 3, maxNewTokens: 20, maxBatchRows: 4 };
    for (const weights of ["frozen", "inputs"] as const) {
      const decoder = new Decoder(model, { adapter, weights });
      await generate(model, { ...options, decoder, adapter });
      await generate(model, { ...options, decoder });
      await decoder.dispose();
      assert.equal(engine.bytesInUse, before);
    }
    await generate(model, { ...options, signal: AbortSignal.abort() });
    for await (const _event of streamGenerate(model, options)) break;
    await assert.rejects(generate(model, { ...options, logitsProcessor: (logits) => void logits.fill(NaN) }));
    assert.equal(engine.bytesInUse, before);
  });
});

Deno.test("generate() names the option or prompt that makes no sense", async () => {
  await withSmallModel(async (model) => {
    const prompts = [[1, 2], [3]];
    const { vocabSize, maxPositions } = smallConfig;
    const wrong: [Parameters<typeof generate>[1], RegExp][] = [
      [{ prompts: [[1], []] }, /prompts\[1\] is empty/],
      [{ prompts: [[1], [2, vocabSize]] }, /prompts\[1\]: token id 48 is outside the model's vocabulary of 48/],
      [{ prompts: [[1], [2, 1.5]] }, /prompts\[1\]: token id 1.5/],
      [{ prompts: [[-1]] }, /prompts\[0\]: token id -1/],
      [{ prompts, maxNewTokens: maxPositions - 1 }, /prompts\[0\]: its 2 tokens and maxNewTokens 511 .* 512 positions/],
      [{ prompts, maxNewTokens: 0 }, /maxNewTokens: expected a positive integer, got 0/],
      [{ prompts, samples: 1.5 }, /samples: expected a positive integer/],
      [{ prompts, maxBatchRows: 0 }, /maxBatchRows/],
      [{ prompts, temperature: -1 }, /temperature: expected 0 \(greedy\) or a positive number, got -1/],
      [{ prompts, temperature: NaN }, /temperature/],
      [{ prompts, topK: -1 }, /topK/],
      [{ prompts, topP: 0 }, /topP/],
      [{ prompts, minP: 1.1 }, /minP/],
      [{ prompts, repetitionPenalty: 0 }, /repetitionPenalty/],
      [{ prompts, stopStrings: ["a"] }, /stopStrings: pass the tokenizer/],
      [{ prompts, stopStrings: [""], tokenizer: tinyTokenizer() }, /empty string/],
      [{ prompts, stopTokenIds: [vocabSize] }, /stopTokenIds: token id 48/],
    ];
    for (const [options, message] of wrong) await assert.rejects(generate(model, options), message);
    const decoder = new Decoder(model);
    const adapter = await createLora(model, new Random(1), { r: 2, targetModules: ["q_proj"] });
    await assert.rejects(
      generate(model, { prompts, decoder, adapter }),
      /adapter of none, got one of rank 2 on q_proj/,
    );
    const other = await smallModel(model.engine);
    await assert.rejects(generate(other, { prompts, decoder }), /decoder: it was made for another model/);
    await other.dispose();
    assert.deepEqual(await generate(model, { prompts: [] }), []);
  });
});

Deno.test("generate() says so when the model has diverged", async () => {
  await withSmallModel(async (model) => {
    (model.weight("model.norm.weight").data as Float32Array).fill(NaN);
    await assert.rejects(generate(model, { prompts: [[1]] }), /prompts\[0\], sample 0, token 0: .*not finite/);
  });
});
