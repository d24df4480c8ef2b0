/** New tokens as torch and PEFT train them: forward, backward and one step of AdamW with carried tables and rows. */
import assert from "node:assert/strict";
import { loadAdapter, type LoraAdapter, modelWithTables } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel, resizeEmbeddings } from "../../lib/models/mod.ts";
import { collate, sft, supervisedBackward, type TokenizedExample } from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { collect, withEngine } from "../support/tiny_model.ts";

interface Golden {
  model: string;
  options: { learningRate: number; weightDecay: number; maxGradNorm: number };
  inputIds: number[][];
  labels: number[][];
  lengths: number[];
  loss: number;
  logProbs: number[][];
  gradientNorm: number;
  lossAfterStep: number;
  lossWithAdapterDisabled: number;
}

const CASES = ["tied_tables", "untied_tables", "apart_tables", "tied_rows", "untied_rows"];

function examplesOf({ inputIds, labels, lengths }: Golden): TokenizedExample[] {
  return inputIds.map((ids, row) => ({
    ids: ids.slice(0, lengths[row]),
    lossMask: labels[row].slice(0, lengths[row]).map((label) => label !== -100),
  }));
}

/** Runs a test with the resized model and PEFT's adapter. */
async function withCase(
  name: string,
  run: (given: { base: CausalLM; wider: CausalLM; adapter: LoraAdapter; golden: Golden }) => Promise<void>,
): Promise<void> {
  await withEngine(async (engine) => {
    const golden = await goldenJson<Golden>(`new_tokens/${name}.json`);
    const base = await loadModel(GOLDEN + golden.model, { engine });
    const wider = await resizeEmbeddings(base, 99);
    const adapter = await loadAdapter(wider, `${GOLDEN}new_tokens/${name}`);
    await run({ base, wider, adapter, golden });
    adapter.factors.forEach((factor) => factor.dispose());
    await wider.dispose();
    await base.dispose();
    assert.equal(engine.bytesInUse, 0);
  });
}

/** PEFT's name of a factor. */
const peftName = (name: string) => `base_model.model.${name}${/lora_[AB]$/.test(name) ? ".weight" : ""}`;

async function logProbsOf(model: CausalLM, adapter: LoraAdapter | null, golden: Golden): Promise<number[]> {
  const { tokens, wanted } = collate(
    examplesOf(golden).map(({ ids }) => ({ ids, lossMask: ids.map((_, token) => token > 0) })),
    0,
  );
  const pass = await model.forward(tokens, { adapter });
  const { logProbs } = await model.logProbs(pass, wanted);
  pass.hidden.dispose();
  return Array.from(logProbs);
}

for (const name of CASES) {
  Deno.test(`CausalLM with PEFT's adapter new_tokens/${name} has its log-probabilities, also as a view of the plain base`, () =>
    withCase(name, async ({ base, wider, adapter, golden }) => {
      const expected = golden.logProbs.flat();
      assertClose(await logProbsOf(wider, adapter, golden), expected, `${name}: log-probabilities`);
      for (const model of [base, wider]) {
        const view = await modelWithTables(model, adapter);
        assert.equal(view.config.vocabSize, 99);
        assertClose(await logProbsOf(view, adapter, golden), expected, `${name}: log-probabilities of the view`);
        await view.dispose();
      }
      const rows = (await goldenTensors(`new_tokens/${name}.outputs.safetensors`)).get("newRows")!;
      const head = await wider.readWeight(
        wider.config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight",
      );
      assertClose(head.subarray(96 * 32), rows, `${name}: new rows`);
    }));

  for (const residualLayers of [0, 2, 3]) {
    Deno.test(`CausalLM with new_tokens/${name} has PEFT's gradients with residuals of ${residualLayers} layers`, () =>
      withCase(name, async ({ wider, adapter, golden }) => {
        const expected = await goldenTensors(`new_tokens/${name}.gradients.safetensors`);
        const batches = [collate(examplesOf(golden), 0)];
        const gradients = new Map<string, Float32Array>();
        const addGradient = async (name: string, gradient: Parameters<CausalLM["engine"]["read"]>[0]) => {
          gradients.set(peftName(name), (await wider.engine.read(gradient) as Float32Array).slice());
          gradient.dispose();
        };
        const options = { adapter, trainable: "lora", residualLayers } as const;
        const { loss } = await supervisedBackward(wider, { addGradient }, batches, options);
        assertClose([loss], [golden.loss], `${name}: loss`, 1e-6);
        assert.deepEqual([...gradients.keys()].sort(), [...expected.keys()].sort());
        for (const [key, values] of expected) assertClose(gradients.get(key)!, values, `${name}: gradient of ${key}`);
      }));
  }

  Deno.test(`sft() with new_tokens/${name} makes AdamW's step as torch does, and the model without the adapter stays`, () =>
    withCase(name, async ({ wider, adapter, golden }) => {
      const trainDataset = examplesOf(golden);
      const options = { model: wider, adapter, trainDataset, maxSteps: 1, perDeviceTrainBatchSize: 3, shuffle: false };
      const [{ metrics }] = await collect(sft({ ...golden.options, ...options, lrSchedulerType: "constant" }));
      assertClose([metrics.loss], [golden.loss], `${name}: loss`, 1e-6);
      assertClose([metrics.grad_norm], [golden.gradientNorm], `${name}: norm`);
      const expected = await goldenTensors(`new_tokens/${name}.weights.safetensors`);
      assert.deepEqual([...adapter.factors.keys()].map(peftName).sort(), [...expected.keys()].sort());
      for (const [factor, tensor] of adapter.factors) {
        assertClose(tensor.data as Float32Array, expected.get(peftName(factor))!, `${name}: ${factor} after the step`);
      }
      for (
        const [used, loss] of [[adapter, golden.lossAfterStep], [undefined, golden.lossWithAdapterDisabled]] as const
      ) {
        const { loss: after } = await supervisedBackward(
          wider,
          { addGradient: (_, g) => Promise.resolve(g.dispose()) },
          [
            collate(trainDataset, 0),
          ],
          { adapter: used, trainable: "none" },
        );
        assertClose([after], [loss], `${name}: loss after the step`, 1e-6);
      }
    }));
}
