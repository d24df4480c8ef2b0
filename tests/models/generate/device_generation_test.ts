/**
 * Generation where keys, values and logits stay on a device, against generation in this process's memory. Each test runs
 * on a CPU engine that hides its tensors, and where KILN_WEBGPU=1 says that there is one (or SwiftShader), on a GPU.
 */
import assert from "node:assert/strict";
import { createLora } from "../../../lib/adapters/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import {
  type CausalLM,
  type Completion,
  Decoder,
  generate,
  type GenerateOptions,
  loadModel,
  NotFiniteLogitsError,
  streamGenerate,
} from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { FarEngine } from "../../support/far_engine.ts";
import { GOLDEN } from "../../support/golden.ts";
import { randomPrompts, smallConfig, smallModel, tokensOf, withModel } from "./models.ts";

/** A way to make a model, on whichever engine. */
type MakeModel = (engine: Engine) => Promise<CausalLM>;

const DEVICES = [
  { device: "a far engine", ignore: false, make: async () => new FarEngine(await createEngine({ threads: 1 })) },
  {
    device: "WebGPU",
    ignore: Deno.env.get("KILN_WEBGPU") !== "1",
    make: () => createEngine({ device: "webgpu" }),
  },
];

/** The same completions: equal tokens, log-probabilities to 1e-5 a token. */
function assertSame(actual: Completion[][], expected: Completion[][], what: string): void {
  assert.deepEqual(tokensOf(actual), tokensOf(expected), what);
  expected.flat().forEach((wanted, i) => {
    const own = actual.flat()[i];
    assert.deepEqual([own.promptIndex, own.sampleIndex], [wanted.promptIndex, wanted.sampleIndex], what);
    assert.equal(own.finishReason, wanted.finishReason, what);
    wanted.logProbs.forEach((logProb, token) => {
      const difference = Math.abs(own.logProbs[token] - logProb);
      assert.ok(difference < 1e-5 * Math.max(1, -logProb), `${what}: log-probability ${token} is off by ${difference}`);
    });
  });
}

/** What it is to have everything freed: the bytes in use after a generation are those before. */
async function leavingNothing<T>(engine: Engine, run: () => Promise<T>): Promise<T> {
  const before = engine.bytesInUse;
  const result = await run();
  assert.equal(engine.bytesInUse, before, "bytes left on the device");
  return result;
}

for (const { device, ignore, make } of DEVICES) {
  // One engine for all tests, made by the first that runs: a GPU's keeps the shaders that it compiled.
  let shared: Promise<Engine> | undefined;
  /** Runs a test with one model twice: on the CPU, and on the device. */
  const test = (name: string, makeModel: MakeModel, run: (near: CausalLM, far: CausalLM) => Promise<void>) =>
    Deno.test({
      name: `${name} (${device})`,
      ignore,
      fn: () =>
        withModel(makeModel, async (near) => {
          const engine = await (shared ??= make());
          const far = await makeModel(engine);
          // Rotary tables, which double with the texts' lengths, stay with the model.
          for (let positions = 1; positions < 2 * far.config.maxPositions; positions *= 2) {
            await far.rotaryTables(positions);
          }
          await run(near, far);
          await far.dispose();
          assert.equal(engine.bytesInUse, 0);
        }),
    });

  const KINDS: Record<string, Partial<GenerateOptions>> = {
    "greedy": { temperature: 0 },
    "at a temperature": { temperature: 0.8 },
    "with top-k and top-p": { temperature: 1.2, topK: 12, topP: 0.9 },
    "with a repetition penalty": { temperature: 0.9, repetitionPenalty: 1.3 },
    "greedy with a repetition penalty": { temperature: 0, repetitionPenalty: 1.3 },
    "with a logits processor": {
      logitsProcessor: (logits, { tokenIds }) => {
        for (let id = tokenIds.length % 2; id < logits.length; id += 2) logits[id] = -Infinity;
      },
    },
  };

  test(
    "generate() writes what the CPU writes, however it samples and whatever shares the batch",
    smallModel,
    async (near, far) => {
      const prompts = randomPrompts([7, 1, 20, 7, 40]);
      prompts.push(prompts[0]);
      const [nearDecoder, farDecoder] = [new Decoder(near), new Decoder(far)];
      for (const [kind, sampling] of Object.entries(KINDS)) {
        const options = { prompts, samples: 2, maxNewTokens: 12, stopTokenIds: [], ...sampling };
        const expected = await generate(near, { ...options, decoder: nearDecoder });
        for (const maxBatchRows of kind === "at a temperature" ? [64, 5] : [5]) {
          const run = () => generate(far, { ...options, maxBatchRows, decoder: farDecoder });
          assertSame(await leavingNothing(far.engine, run), expected, `${kind}, ${maxBatchRows} rows`);
        }
      }
      await nearDecoder.dispose();
      await farDecoder.dispose();
    },
  );

  test(
    "generate() writes long texts, and rows that end are replaced by others",
    (engine) => smallModel(engine, { vocabSize: 401 }),
    async (near, far) => {
      const options = {
        prompts: randomPrompts([3, 30, 8, 5]),
        samples: 3,
        maxNewTokens: 100,
        seed: 5,
        maxBatchRows: 5,
      };
      const free = await generate(near, { ...options, stopTokenIds: [] });
      // Tokens that end some texts early, some late and some not at all.
      const stopTokenIds = [free[0][0].tokenIds[20], free[2][1].tokenIds[60]];
      const expected = await generate(near, { ...options, stopTokenIds });
      const lengths = expected.flat().map(({ tokenIds }) => tokenIds.length);
      assert.ok(Math.max(...lengths) > 70 && Math.min(...lengths) < 30, `${lengths}`);
      assertSame(
        await leavingNothing(far.engine, () => generate(far, { ...options, stopTokenIds })),
        expected,
        "texts",
      );
    },
  );

  test("generate() follows an adapter, and goes without it", smallModel, async (near, far) => {
    const adapters = await Promise.all([near, far].map(async (model) => {
      const random = new Random("adapter");
      const adapter = await createLora(model, random, { r: 2, loraAlpha: 6 });
      for (const [name, factor] of adapter.factors) {
        const data = Float32Array.from({ length: factor.byteLength / 4 }, () => random.normal() / 4);
        adapter.factors.set(name, await model.engine.store(data, factor.shape));
        factor.dispose();
      }
      return adapter;
    }));
    const decoders = [near, far].map((model, i) => new Decoder(model, { adapter: adapters[i] }));
    const options = { prompts: randomPrompts([6, 11]), samples: 2, maxNewTokens: 15, stopTokenIds: [] };
    const texts: number[][][][] = [];
    for (const isOn of [true, false]) {
      const [expected, actual] = [near, far].map((model, i) => () =>
        generate(model, { ...options, adapter: isOn ? adapters[i] : null, decoder: decoders[i] })
      );
      const wanted = await expected();
      assertSame(await leavingNothing(far.engine, actual), wanted, `adapter ${isOn ? "on" : "off"}`);
      texts.push(tokensOf(wanted));
    }
    assert.notDeepEqual(texts[0], texts[1]);
    for (const decoder of decoders) await decoder.dispose();
    adapters.forEach(({ factors }) => factors.forEach((factor) => factor.dispose()));
  });

  test(
    "generate() reads prompts that are longer than one piece",
    (engine) => smallModel(engine, { maxPositions: 1200, layers: 1 }),
    async (near, far) => {
      // The second ends with a piece, the third is one token longer: a piece of one token that not every row has.
      const several = device === "WebGPU" ? [] : [[1100, 3], [512, 513, 1]]; // SwiftShader would take a minute
      for (const lengths of [...several, [513, 2], [513]]) {
        const options = { prompts: randomPrompts(lengths), maxNewTokens: 4, stopTokenIds: [], samples: 2 };
        const expected = await generate(near, options);
        assertSame(await leavingNothing(far.engine, () => generate(far, options)), expected, `${lengths}`);
      }
    },
  );

  test(
    "generate() writes what the CPU writes with a large vocabulary and every family's parts",
    (engine) => loadModel(`${GOLDEN}qwen3_tiny/tied`, { engine }),
    async (near, far) => {
      const prompts = randomPrompts([5, 9], near.config.vocabSize);
      const options = { prompts, samples: 3, maxNewTokens: 10, stopTokenIds: [] };
      assertSame(await generate(far, options), await generate(near, options), "qwen3");
    },
  );

  test(
    "Decoder of several programs, weights frozen or not, gives what one program gives",
    smallModel,
    async (near, far) => {
      const options = { prompts: randomPrompts([5, 9]), samples: 2, maxNewTokens: 10 };
      const expected = await generate(near, options);
      assert.deepEqual([new Decoder(near).weights, new Decoder(far).weights], ["frozen", "inputs"]);
      const decoder = new Decoder(far, { weights: "frozen", segmentBytes: 1 });
      assertSame(await leavingNothing(far.engine, () => generate(far, { ...options, decoder })), expected, "texts");
      await decoder.dispose();
    },
  );

  test("generation leaves nothing behind when it is stopped, aborted or fails", smallModel, async (_near, far) => {
    const options = { prompts: randomPrompts([4, 12, 7, 30]), samples: 3, maxNewTokens: 60, maxBatchRows: 5 };
    const decoder = new Decoder(far);
    await decoder.prepare();
    for (const tokens of [1, 20]) {
      await leavingNothing(far.engine, async () => {
        let count = 0;
        for await (const _event of streamGenerate(far, { ...options, decoder })) if (++count === tokens) break;
      });
      await leavingNothing(far.engine, async () => {
        const controller = new AbortController();
        let count = 0;
        const onToken = () => ++count === tokens && controller.abort();
        const completions = await generate(far, { ...options, decoder, signal: controller.signal, onToken });
        assert.ok(completions.flat().some(({ finishReason }) => finishReason === "aborted"));
        assert.equal(completions.flat().length, 12);
      });
      await leavingNothing(far.engine, async () => {
        let count = 0;
        const onToken = () => {
          if (++count === tokens) throw new Error("no more");
        };
        await assert.rejects(generate(far, { ...options, decoder, onToken }), /no more/);
      });
    }
    await decoder.dispose();
  });

  test("generate() says so when the model has diverged", smallModel, async (_near, far) => {
    const name = "model.layers.1.mlp.down_proj.weight";
    const [weight, { hiddenSize, intermediateSize }] = [far.weight(name), smallConfig];
    const broken = new Float32Array(hiddenSize * intermediateSize).fill(NaN);
    far.weights.set(name, await far.engine.store(broken, weight.shape));
    weight.dispose();
    const prompts = randomPrompts([3, 4]);
    for (const sampling of [{ temperature: 0 }, {}, { topK: 3 }, { repetitionPenalty: 1.1 }]) {
      const error = await leavingNothing(
        far.engine,
        () => generate(far, { prompts, samples: 2, ...sampling }).then(() => null, (error: Error) => error),
      );
      assert.match(error!.message, /^prompts\[1\], sample 0, token 0: the model's logits are not finite/);
      assert.ok(error!.cause instanceof NotFiniteLogitsError);
    }
  });

  Deno.test({
    name: `the engine of these tests ends (${device})`,
    ignore,
    fn: async () => await (await shared)?.dispose(),
  });
}

Deno.test("generation on a device reads back what a kind of sampling needs and no more", async () => {
  const engine = new FarEngine(await createEngine({ threads: 1 }));
  const model = await smallModel(engine);
  const decoder = new Decoder(model);
  const [rows, vocabulary] = [6, smallConfig.vocabSize];
  /** Bytes read for each token of each row. */
  const bytesOf = async (sampling: Partial<GenerateOptions>, maxNewTokens: number) => {
    engine.bytesRead = 0;
    const prompts = randomPrompts([5, 40, 9]);
    await generate(model, { prompts, samples: 2, maxNewTokens, stopTokenIds: [], decoder, ...sampling });
    return engine.bytesRead;
  };
  const drawn = 4 * 4;
  const scores = 4 * (vocabulary + 2);
  for (
    const [sampling, bytes] of [
      [{ temperature: 0 }, drawn],
      [{ temperature: 0.7 }, drawn],
      [{ temperature: 0, topK: 4 }, drawn],
      [{ topK: 4 }, scores],
      [{ minP: 0.1 }, scores],
      [{ repetitionPenalty: 1.2 }, scores],
      [{ logitsProcessor: () => {} }, scores],
    ] as const
  ) {
    // Steps beyond the first token, which samples share, and over several blocks of recent tokens.
    const [few, many] = [await bytesOf(sampling, 2), await bytesOf(sampling, 72)];
    assert.equal(many - few, 70 * rows * bytes, JSON.stringify(sampling));
    assert.ok(few <= 2 * rows * bytes, `the first tokens of ${JSON.stringify(sampling)}: ${few} bytes`);
  }
  await decoder.dispose();
  await model.dispose();
  await engine.dispose();
});
