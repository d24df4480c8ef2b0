/** What a policy is held to: the reference of DPO, which training does not change. */
import type { LoraAdapter } from "../adapters/mod.ts";
import { CausalLM } from "../models/mod.ts";
import { digest } from "./checkpoint/mod.ts";

/** A model, perhaps with an adapter, that gives the reference's log-probabilities. */
export interface Reference {
  model: CausalLM;
  adapter?: LoraAdapter;
  /** What it is, for the log. */
  description: string;
  /** Tells one reference from another, so that a run is not resumed with another one. */
  fingerprint: string;
  /** Frees what was copied for it. */
  dispose(): Promise<void>;
}

/** From what the reference is made. */
export interface ReferenceOptions {
  model: CausalLM;
  adapter?: LoraAdapter;
  /** Another model than the one that is trained; it needs the same tokenizer. */
  referenceModel?: CausalLM;
}

/**
 * The reference: the model given for it; else of a fresh adapter the model with the adapter off, of a trained one a
 * frozen copy of it, and where all weights are trained a copy of them.
 *
 * @throws When `referenceModel` is the model that is trained, or has another vocabulary.
 */
export async function createReference({ model, adapter, referenceModel }: ReferenceOptions): Promise<Reference> {
  if (referenceModel) return await given(model, referenceModel);
  const nothing = () => Promise.resolve();
  if (!adapter) {
    const copy = await copyOf(model);
    return { model: copy, description: "a copy of all weights", fingerprint: "copy", dispose: () => copy.dispose() };
  }
  if (!await isTrained(model, adapter)) {
    return { model, description: "the model with the adapter off", fingerprint: "adapter off", dispose: nothing };
  }
  const { factors, numbers } = await copyTensors(model, adapter.factors);
  return {
    model,
    adapter: { ...adapter, factors },
    description: "a frozen copy of the adapter, which was trained before",
    fingerprint: digest(numbers),
    dispose: () => {
      for (const tensor of factors.values()) tensor.dispose();
      return Promise.resolve();
    },
  };
}

const PROBES = ["model.norm.weight", "model.layers.0.self_attn.q_proj.weight"];

async function given(model: CausalLM, referenceModel: CausalLM): Promise<Reference> {
  if (referenceModel === model) {
    throw new Error(
      "referenceModel is the model that is trained: leave it out, and a copy is made where one is needed",
    );
  }
  const [vocabulary, expected] = [referenceModel.config.vocabSize, model.config.vocabSize];
  if (vocabulary !== expected) {
    throw new Error(
      `referenceModel has a vocabulary of ${vocabulary}, the model of ${expected}: expected the same tokenizer`,
    );
  }
  return {
    model: referenceModel,
    description: "the referenceModel given",
    // Two weights tell models apart well enough; a merged adapter shows in the second.
    fingerprint: digest(await Promise.all(PROBES.map((name) => referenceModel.readWeight(name)))),
    dispose: () => Promise.resolve(),
  };
}

/** Whether an adapter changes the model: a new one's B is 0. */
export async function isTrained(model: CausalLM, adapter: LoraAdapter): Promise<boolean> {
  for (const [name, tensor] of adapter.factors) {
    if (!name.endsWith("lora_B")) continue;
    if ((await model.engine.read(tensor) as Float32Array).some((value) => value !== 0)) return true;
  }
  return false;
}

async function copyTensors(model: CausalLM, tensors: CausalLM["weights"]) {
  const factors: CausalLM["weights"] = new Map();
  const numbers: Float32Array[] = [];
  for (const [name, tensor] of tensors) {
    const data = (await model.engine.read(tensor)).slice();
    numbers.push(data as Float32Array);
    factors.set(name, await model.engine.store(data, tensor.shape, tensor.dtype));
  }
  return { factors, numbers };
}

async function copyOf(model: CausalLM): Promise<CausalLM> {
  return new CausalLM(model.engine, model.config, (await copyTensors(model, model.weights)).factors);
}
