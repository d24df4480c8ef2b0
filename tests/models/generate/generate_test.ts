import assert from "node:assert/strict";
import { createLora, loadAdapter } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type CausalLM,
  type Completion,
  Decoder,
  generate,
  type GenerationEvent,
  type GenerationProgress,
  loadModel,
  streamGenerate,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { assertClose, GOLDEN, goldenJson } from "../../support/golden.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";
import { randomPrompts, slowSample, smallConfig, smallModel, trainingLogProbs } from "./models.ts";

interface Golden {
  greedy: { promptIds: number[]; completionIds: number[] }[];
}

async function withModel(
  make: (engine: Engine) => Promise<CausalLM>,
  run: (model: CausalLM) => Promise<void>,
): Promise<void> {
  const engine = await createEngine();
  const model = await make(engine);
  await run(model);
  await model.dispose();
  await engine.dispose();
}

const withSmallModel = (run: (model: CausalLM) => Promise<void>) => withModel((engine) => smallModel(engine), run);

const withGoldenModel = (run: (model: CausalLM) => Promise<void>, folder = "tied") =>
  withModel((engine) => loadModel(`${GOLDEN}qwen2_tiny/${folder}`, { engine }), run);

const tokensOf = (completions: Completion[][]) => completions.map((samples) => samples.map((one) => one.tokenIds));

for (const folder of ["tied", "untied"]) {
  for (const weights of ["frozen", "inputs"] as const) {
    Deno.test(`generate() gives transformers' greedy text of a ${folder} Qwen2 with ${weights} weights`, async () => {
      const { greedy } = await goldenJson<Golden>(`qwen2_tiny/${folder}.json`);
      await withGoldenModel(async (model) => {
        const decoder = new Decoder(model, { weights });
        const options = { decoder, temperature: 0, maxNewTokens: 20, stopTokenIds: [] };
        const together = await generate(model, { ...options, prompts: greedy.map(({ promptIds }) => promptIds) });
        assert.deepEqual(tokensOf(together), greedy.map(({ completionIds }) => [completionIds]));
        for (const { promptIds, completionIds } of greedy) {
          const alone = await generate(model, { ...options, prompts: [promptIds] });
          assert.deepEqual(tokensOf(alone), [[completionIds]]);
        }
        await decoder.dispose();
      }, folder);
    });
  }
}

Deno.test("generate() draws what sampling without cache and batch draws, whatever shares the batch", async () => {
  await withSmallModel(async (model) => {
    const prompts = randomPrompts([7, 1, 20, 7]);
    prompts.push(prompts[0]);
    const options = { seed: 3, temperature: 0.8, maxNewTokens: 12 };
    const expected = await Promise.all(prompts.map((promptIds, promptIndex) =>
      Promise.all(
        [0, 1, 2].map((sampleIndex) => slowSample(model, promptIds, { ...options, promptIndex, sampleIndex })),
      )
    ));
    const decoder = new Decoder(model);
    for (const maxBatchRows of [64, 5, 1]) {
      const completions = await generate(model, {
        ...options,
        prompts,
        samples: 3,
        stopTokenIds: [],
        maxBatchRows,
        decoder,
      });
      completions.forEach((samples, promptIndex) =>
        samples.forEach((completion, sampleIndex) => {
          const { tokenIds, logProbs } = expected[promptIndex][sampleIndex];
          assert.deepEqual(completion.tokenIds, tokenIds, `prompt ${promptIndex}, sample ${sampleIndex}`);
          assertClose(completion.logProbs, logProbs, "log-probabilities", 1e-4);
          assert.deepEqual([completion.promptIndex, completion.sampleIndex], [promptIndex, sampleIndex]);
          assert.equal(completion.finishReason, "length");
        })
      );
    }
    await decoder.dispose();
  });
});

Deno.test("generate() draws another text for another seed, sample and prompt index", async () => {
  await withSmallModel(async (model) => {
    const [prompt] = randomPrompts([5]);
    const options = { samples: 2, maxNewTokens: 20, stopTokenIds: [] };
    const first = await generate(model, { ...options, prompts: [prompt, prompt], seed: 1 });
    const second = await generate(model, { ...options, prompts: [prompt], seed: "another" });
    const texts = [...first.flat(), ...second.flat()].map(({ tokenIds }) => tokenIds.join());
    assert.equal(new Set(texts).size, 6);
  });
});

Deno.test("generate() returns the log-probabilities that training computes, with and without an adapter", async () => {
  await withGoldenModel(async (model) => {
    const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
    const decoder = new Decoder(model, { adapter });
    const prompts = randomPrompts([9, 4], 96);
    const texts: number[][][][] = [];
    for (const used of [adapter, null]) {
      for (const temperature of [0.7, 1, 0]) {
        const options = { prompts, samples: 2, maxNewTokens: 15, temperature, decoder, adapter: used };
        const completions = await generate(model, { ...options, stopTokenIds: [], topK: 20 });
        for (const { promptIndex, tokenIds, logProbs } of completions.flat()) {
          // Greedy text is scored at temperature 1.
          const scored = { adapter: used, temperature: temperature || 1 };
          const expected = await trainingLogProbs(model, prompts[promptIndex], tokenIds, scored);
          assertClose(logProbs, expected, `adapter ${used ? "on" : "off"} at ${temperature}`, 1e-4);
        }
        texts.push(tokensOf(completions));
      }
    }
    assert.notDeepEqual(texts[2], texts[5], "the adapter changes nothing");
    const base = await generate(model, { prompts, maxNewTokens: 15, temperature: 0, stopTokenIds: [] });
    assert.deepEqual(tokensOf(base), texts[5].map(([first]) => [first]));
    await decoder.dispose();
  });
});

Deno.test("generate() follows an adapter that training changes, without compiling again", async () => {
  await withSmallModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 4 });
    const decoder = new Decoder(model, { adapter });
    const prompts = randomPrompts([6]);
    const options = { prompts, temperature: 0, maxNewTokens: 10, adapter, decoder };
    const [[before]] = await generate(model, options);
    const random = new Random(2);
    for (const factor of adapter.factors.values()) {
      const data = factor.data as Float32Array;
      data.forEach((_, i) => data[i] = random.normal());
    }
    const [[after]] = await generate(model, options);
    assert.notDeepEqual(after.tokenIds, before.tokenIds);
    assertClose(after.logProbs, await trainingLogProbs(model, prompts[0], after.tokenIds, { adapter }), "after", 1e-4);
    await decoder.dispose();
  });
});

Deno.test("generate() sees changed weights unless they are frozen", async () => {
  await withSmallModel(async (model) => {
    const options = { prompts: randomPrompts([6]), temperature: 0, maxNewTokens: 10 };
    const frozen = new Decoder(model);
    const before = await generate(model, { ...options, decoder: frozen });
    const weight = model.weight("model.layers.1.mlp.down_proj.weight").data as Float32Array;
    weight.forEach((value, i) => weight[i] = -value);
    const after = await generate(model, options);
    assert.notDeepEqual(tokensOf(after), tokensOf(before));
    assert.deepEqual(tokensOf(await generate(model, { ...options, decoder: frozen })), tokensOf(before));
    await frozen.dispose();
    const again = new Decoder(model);
    assert.deepEqual(tokensOf(await generate(model, { ...options, decoder: again })), tokensOf(after));
    await again.dispose();
  });
});

Deno.test("generate() ends each completion at its first stop token, and the others go on", async () => {
  await withSmallModel(async (model) => {
    const prompts = randomPrompts([3, 8, 5]);
    const options = { prompts, samples: 16, maxNewTokens: 30, seed: 5, maxBatchRows: 20 };
    const free = await generate(model, { ...options, stopTokenIds: [] });
    // Tokens that end some texts at once, several in one step, and some not at all.
    const stopTokenIds = [free[0][0].tokenIds[0], free[2][1].tokenIds[9], free[1][2].tokenIds[5]];
    const stopped = await generate(model, { ...options, stopTokenIds });
    const reasons = new Set<string>();
    stopped.flat().forEach((completion, i) => {
      const whole = free.flat()[i].tokenIds;
      const end = whole.findIndex((token) => stopTokenIds.includes(token));
      assert.deepEqual(completion.tokenIds, end < 0 ? whole : whole.slice(0, end + 1));
      assert.equal(completion.finishReason, end < 0 ? "length" : "stop");
      assert.equal(completion.logProbs.length, completion.tokenIds.length);
      reasons.add(completion.finishReason);
    });
    assert.deepEqual([...reasons].sort(), ["length", "stop"]);
    // The model's own end-of-text token is the default.
    const byDefault = await generate(model, { ...options, maxNewTokens: 200 });
    assert.ok(byDefault.flat().some(({ tokenIds }) => tokenIds.at(-1) === 0));
    assert.ok(byDefault.flat().every(({ tokenIds }) => !tokenIds.slice(0, -1).includes(0)));
  });
});

Deno.test("generate() gives the same text when the cache grows and shrinks", async () => {
  await withSmallModel(async (model) => {
    const decoder = new Decoder(model);
    const prompts = randomPrompts([60, 2, 130]);
    const options = { prompts, samples: 2, maxNewTokens: 150, stopTokenIds: [], decoder };
    const together = await generate(model, options);
    for (const { promptIndex, tokenIds, logProbs } of together.flat()) {
      assert.equal(tokenIds.length, 150);
      assertClose(logProbs, await trainingLogProbs(model, prompts[promptIndex], tokenIds), "log-probabilities", 1e-4);
    }
    // One after the other: short rows follow long ones in the same cache.
    assert.deepEqual(tokensOf(await generate(model, { ...options, maxBatchRows: 1 })), tokensOf(together));
    await decoder.dispose();
  });
});

Deno.test("generate() reads a prompt that is longer than one piece", async () => {
  await withModel((engine) => smallModel(engine, { maxPositions: 1200 }), async (model) => {
    const prompts = randomPrompts([1100, 512, 513, 1]);
    const completions = await generate(model, { prompts, maxNewTokens: 6, stopTokenIds: [] });
    for (const { promptIndex, tokenIds, logProbs } of completions.flat()) {
      assertClose(logProbs, await trainingLogProbs(model, prompts[promptIndex], tokenIds), `${promptIndex}`, 1e-4);
    }
  });
});

Deno.test("Decoder of several programs gives what one program gives", async () => {
  await withSmallModel(async (model) => {
    const options = { prompts: randomPrompts([5, 9]), samples: 2, maxNewTokens: 10 };
    const whole = new Decoder(model);
    const parts = new Decoder(model, { segmentBytes: 1 });
    const expected = await generate(model, { ...options, decoder: whole });
    assert.deepEqual(await generate(model, { ...options, decoder: parts }), expected);
    await whole.dispose();
    await parts.dispose();
  });
});

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
