import assert from "node:assert/strict";
import { loadAdapter, type LoraAdapter, mergeAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import {
  type CausalLM,
  type ForwardOptions,
  type GradientSink,
  loadModel,
  type PrecisionOptions,
  type TokenBatch,
} from "../../lib/models/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";

interface Golden {
  inputIds: number[][];
  lengths: number[];
  labels: number[][];
  loss: number;
  meanEntropy: number;
  meanTokenAccuracy: number;
  logProbs: number[][];
  entropy: number[][];
  gradientNorms: Record<string, number>;
}

function goldenBatch({ inputIds, lengths }: Golden): TokenBatch {
  const [batch, tokens] = [inputIds.length, inputIds[0].length];
  return {
    batch,
    tokens,
    ids: BigInt64Array.from(inputIds.flat(), BigInt),
    positions: BigInt64Array.from(inputIds.flat(), (_, i) => BigInt(i % tokens)),
    documents: Int32Array.from(inputIds.flat(), (_, i) => i % tokens < lengths[Math.floor(i / tokens)] ? 0 : -1),
  };
}

/** Every real position predicts the next token. */
function allTargets({ inputIds, lengths }: Golden) {
  const rows: number[] = [];
  const targets: number[] = [];
  inputIds.forEach((ids, row) => {
    for (let token = 0; token < lengths[row] - 1; token++) {
      rows.push(row * ids.length + token);
      targets.push(ids[token + 1]);
    }
  });
  return { rows, targets };
}

/** Only labelled tokens are predicted: completions, not prompts. */
function completionTargets({ labels }: Golden) {
  const rows: number[] = [];
  const targets: number[] = [];
  labels.forEach((row, r) =>
    row.forEach((label, token) => {
      if (label === -100) return;
      rows.push(r * row.length + token - 1);
      targets.push(label);
    })
  );
  return { rows, targets };
}

/** The ways to a gradient: recompute each block, keep its residuals, or one program for all layers and the head. */
const WAYS = ["inputs", "residuals", "fused"] as const;

/** Gradients of the mean negative log-probability of the completions. */
async function lossGradients(
  model: CausalLM,
  golden: Golden,
  way: (typeof WAYS)[number],
  options: Pick<ForwardOptions, "adapter" | "trainable">,
) {
  const wanted = completionTargets(golden);
  const batch = goldenBatch(golden);
  const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
  const gradients = new Map<string, Float32Array>();
  const sink: GradientSink = async (name, gradient) => {
    gradients.set(name, await model.engine.read(gradient) as Float32Array);
  };
  const output = way === "fused"
    ? await model.forwardBackward(batch, wanted, coefficients, sink, {
      ...options,
      residualLayers: model.config.layers,
    })
    : await model.backward(await model.forward(batch, { ...options, keep: way }), wanted, coefficients, sink);
  const loss = -output.logProbs.reduce((a, b) => a + b) / wanted.rows.length;
  return { loss, gradients, output };
}

/** Judges an adapter's gradients by PEFT's. */
async function checkAdapterGradients(
  model: CausalLM,
  base: Golden,
  name: string,
  adapter: LoraAdapter,
): Promise<Golden> {
  const golden = await goldenJson<Golden>(`${name}.json`);
  const expected = await goldenTensors(`${name}.gradients.safetensors`);
  for (const way of WAYS) {
    const { loss, gradients } = await lossGradients(model, base, way, { adapter, trainable: "lora" });
    assertClose([loss], [golden.loss], "loss");
    assert.equal(gradients.size, expected.size);
    for (const [name, gradient] of gradients) {
      assertClose(gradient, expected.get(`base_model.model.${name}.weight`)!, `${name} (${way})`);
    }
  }
  return golden;
}

/** Loads a golden model on an engine of its own, and frees both. */
async function withModel(
  name: string,
  run: (model: CausalLM) => Promise<void>,
  precision?: PrecisionOptions,
): Promise<void> {
  const engine = await createEngine();
  const model = await loadModel(GOLDEN + name, { engine, precision });
  await run(model);
  await model.dispose();
  await engine.dispose();
}

/** Every family, and within one whatever its config may switch on. */
const MODELS = ["qwen2_tiny/tied", "qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased"];

for (const name of MODELS) {
  Deno.test(`CausalLM of ${name} has transformers' log-probabilities and entropies`, () =>
    withModel(name, async (model) => {
      const golden = await goldenJson<Golden>(`${name}.json`);
      const pass = await model.forward(goldenBatch(golden));
      const output = await model.logProbs(pass, allTargets(golden));
      assertClose(output.logProbs, golden.logProbs.flat(), "log-probabilities");
      assertClose(output.entropies, golden.entropy.flat(), "entropies");
    }));

  for (const way of WAYS) {
    Deno.test(`CausalLM of ${name} has PyTorch's gradients (${way})`, () =>
      withModel(name, async (model) => {
        const golden = await goldenJson<Golden>(`${name}.json`);
        const expected = await goldenTensors(`${name}.gradients.safetensors`);
        const { loss, gradients, output } = await lossGradients(model, golden, way, { trainable: "all" });
        assertClose([loss], [golden.loss], "loss");
        const count = output.greedy.length;
        assertClose([output.greedy.reduce((a, b) => a + b) / count], [golden.meanTokenAccuracy], "token accuracy");
        assertClose([output.entropies.reduce((a, b) => a + b) / count], [golden.meanEntropy], "mean entropy");
        const norms = Object.entries(golden.gradientNorms);
        assert.equal(gradients.size, norms.length);
        for (const [name, norm] of norms) assertClose([Math.hypot(...gradients.get(name)!)], [norm], `norm of ${name}`);
        for (const [name, gradient] of expected) assertClose(gradients.get(name)!, gradient, name);
      }));
  }
}

/** An adapter, and the model it was made for. */
const ADAPTERS = [
  ["lora/all_linear", "qwen2_tiny/tied"],
  ["lora/qv_rslora", "qwen2_tiny/tied"],
  ["qwen3_tiny/lora", "qwen3_tiny/tied"],
  ["llama_tiny/lora", "llama_tiny/llama3"],
];

for (const [name, base] of ADAPTERS) {
  Deno.test(`CausalLM of ${base} with PEFT's adapter ${name} has PEFT's loss and gradients, and the base's without it`, () =>
    withModel(base, async (model) => {
      const baseGolden = await goldenJson<Golden>(`${base}.json`);
      const adapter = await loadAdapter(model, GOLDEN + name);
      const golden = await checkAdapterGradients(model, baseGolden, name, adapter);
      const attached = await model.forward(goldenBatch(baseGolden), { adapter });
      const { logProbs } = await model.logProbs(attached, allTargets(baseGolden));
      assertClose(logProbs, golden.logProbs.flat(), "attached");
      const off = await model.forward(goldenBatch(baseGolden), { adapter: null });
      assertClose((await model.logProbs(off, allTargets(baseGolden))).logProbs, baseGolden.logProbs.flat(), "off");
      await mergeAdapter(model, adapter);
      const merged = await model.forward(goldenBatch(baseGolden));
      assertClose((await model.logProbs(merged, allTargets(baseGolden))).logProbs, golden.logProbs.flat(), "merged");
    }));
}

/** Forms of frozen weights, by what the golden files call them. */
const PRECISIONS: Record<string, PrecisionOptions> = {
  "4bit": { weights: "4bit" },
  "4bit_zero_points": { weights: "4bit", symmetric: false },
  "8bit": { weights: "8bit" },
  "8bit_zero_points": { weights: "8bit", symmetric: false },
  float16: { weights: "float16" },
};

for (const [name, precision] of Object.entries(PRECISIONS)) {
  Deno.test(`CausalLM with frozen weights in ${name} has the loss and gradients of PEFT on the same rounded numbers`, () =>
    withModel("qwen2_tiny/tied", async (model) => {
      const baseGolden = await goldenJson<Golden>("qwen2_tiny/tied.json");
      const adapter = await loadAdapter(model, `${GOLDEN}lora/all_linear`);
      const golden = await checkAdapterGradients(model, baseGolden, `quantized/${name}`, adapter);
      const pass = await model.forward(goldenBatch(baseGolden), { adapter });
      const { logProbs } = await model.logProbs(pass, allTargets(baseGolden));
      assertClose(logProbs, golden.logProbs.flat(), "log-probabilities");
    }, precision));
}
