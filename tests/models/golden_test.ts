import assert from "node:assert/strict";
import { loadAdapter, mergeAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { type CausalLM, type ForwardOptions, loadModel, type TokenBatch } from "../../lib/models/mod.ts";
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

/** Gradients of the mean negative log-probability of the completions. */
async function lossGradients(model: CausalLM, golden: Golden, options: ForwardOptions) {
  const wanted = completionTargets(golden);
  const pass = await model.forward(goldenBatch(golden), options);
  const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
  const gradients = new Map<string, Float32Array>();
  const output = await model.backward(pass, wanted, coefficients, async (name, gradient) => {
    gradients.set(name, await model.engine.read(gradient) as Float32Array);
  });
  const loss = -output.logProbs.reduce((a, b) => a + b) / wanted.rows.length;
  return { loss, gradients, output };
}

for (const folder of ["tied", "untied"]) {
  Deno.test(`CausalLM of a ${folder} Qwen2 has transformers' log-probabilities and entropies`, async () => {
    const engine = await createEngine();
    const golden = await goldenJson<Golden>(`qwen2_tiny/${folder}.json`);
    const model = await loadModel(`${GOLDEN}qwen2_tiny/${folder}`, { engine });
    const pass = await model.forward(goldenBatch(golden));
    const output = await model.logProbs(pass, allTargets(golden));
    assertClose(output.logProbs, golden.logProbs.flat(), "log-probabilities");
    assertClose(output.entropies, golden.entropy.flat(), "entropies");
    await model.dispose();
    await engine.dispose();
  });

  for (const keep of ["inputs", "residuals"] as const) {
    Deno.test(`CausalLM of a ${folder} Qwen2 has PyTorch's gradients when it keeps ${keep}`, async () => {
      const engine = await createEngine();
      const golden = await goldenJson<Golden>(`qwen2_tiny/${folder}.json`);
      const expected = await goldenTensors(`qwen2_tiny/${folder}.gradients.safetensors`);
      const model = await loadModel(`${GOLDEN}qwen2_tiny/${folder}`, { engine });
      const { loss, gradients, output } = await lossGradients(model, golden, { keep, trainable: "all" });
      assertClose([loss], [golden.loss], "loss");
      const count = output.greedy.length;
      assertClose([output.greedy.reduce((a, b) => a + b) / count], [golden.meanTokenAccuracy], "token accuracy");
      assertClose([output.entropies.reduce((a, b) => a + b) / count], [golden.meanEntropy], "mean entropy");
      const norms = Object.entries(golden.gradientNorms);
      assert.equal(gradients.size, norms.length);
      for (const [name, norm] of norms) assertClose([Math.hypot(...gradients.get(name)!)], [norm], `norm of ${name}`);
      for (const [name, gradient] of expected) assertClose(gradients.get(name)!, gradient, name);
      await model.dispose();
      await engine.dispose();
    });
  }
}

for (const folder of ["all_linear", "qv_rslora"]) {
  Deno.test(`CausalLM with PEFT's adapter ${folder} has PEFT's loss and gradients, and the base's without it`, async () => {
    const engine = await createEngine();
    const base = await goldenJson<Golden>("qwen2_tiny/tied.json");
    const golden = await goldenJson<Golden>(`lora/${folder}.json`);
    const expected = await goldenTensors(`lora/${folder}.gradients.safetensors`);
    const model = await loadModel(`${GOLDEN}qwen2_tiny/tied`, { engine });
    const adapter = await loadAdapter(model, `${GOLDEN}lora/${folder}`);
    for (const keep of ["inputs", "residuals"] as const) {
      const { loss, gradients } = await lossGradients(model, base, { adapter, keep, trainable: "lora" });
      assertClose([loss], [golden.loss], "loss");
      assert.equal(gradients.size, expected.size);
      for (const [name, gradient] of gradients) {
        assertClose(gradient, expected.get(`base_model.model.${name}.weight`)!, `${name} (${keep})`);
      }
    }
    const off = await model.forward(goldenBatch(base), { adapter: null });
    assertClose((await model.logProbs(off, allTargets(base))).logProbs, base.logProbs.flat(), "adapter off");
    await mergeAdapter(model, adapter);
    const merged = await model.forward(goldenBatch(base));
    assertClose((await model.logProbs(merged, allTargets(base))).logProbs, golden.logProbs.flat(), "merged");
    await model.dispose();
    await engine.dispose();
  });
}
