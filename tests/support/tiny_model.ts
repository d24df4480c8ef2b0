/** The golden tiny model, ready to be trained in a test, and what goes with it. */
import { createEngine, type Engine } from "../../lib/engine/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import type { PromptTokenizer, TokenizedExample, TrainingStep } from "../../lib/train/mod.ts";
import { GOLDEN } from "./golden.ts";

export { inFolder } from "./in_folder.ts";

/** The folder of the tied model: 3 layers, hidden size 32, vocabulary of 96, 128 positions, end-of-text id 1. */
export const TINY_MODEL = `${GOLDEN}qwen2_tiny/tied`;

/** Its end-of-text id. */
export const EOS = 1;

/** Runs a test with an engine of one thread, which is the fastest for models so small. */
export async function withEngine(run: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  try {
    await run(engine);
  } finally {
    await engine.dispose();
  }
}

/** Runs a test with the tiny model. */
export async function withTinyModel(run: (model: CausalLM) => Promise<void>): Promise<void> {
  await withEngine(async (engine) => {
    const model = await loadModel(TINY_MODEL, { engine });
    await run(model);
    await model.dispose();
  });
}

/** A tokenizer whose text is the ids themselves, separated by spaces. */
export const idTokenizer: PromptTokenizer = {
  encode: (text) => text === "" ? [] : text.split(" ").map(Number),
  decode: (ids, { skipSpecialTokens = false } = {}) =>
    [...ids].filter((id) => !skipSpecialTokens || id !== EOS).join(" "),
  applyChatTemplate: (messages) => messages.map(({ content }) => content).join(" "),
};

/** Examples of 3 to 12 random tokens; the first two are a prompt. */
export function randomExamples(count: number, seed = "examples"): TokenizedExample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const ids = Array.from({ length: random.integer(3, 12) }, () => random.integer(2, 95));
    return { ids, lossMask: ids.map((_, token) => token >= 2) };
  });
}

/** Copies of a map's tensors as numbers. */
export async function numbersOf(model: CausalLM, tensors: CausalLM["weights"]): Promise<Map<string, Float32Array>> {
  const numbers = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) numbers.set(name, (await model.engine.read(tensor) as Float32Array).slice());
  return numbers;
}

/** All steps of a run. */
export async function collect<Step extends TrainingStep>(run: AsyncIterable<Step>): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const step of run) steps.push(step);
  return steps;
}
