import assert from "node:assert/strict";
import { createEngine } from "../../lib/engine/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";

/** The folder of the shipped language model. */
export const HOUSE_MODEL = "data/models/kiln-tiny";

/** Runs something with the shipped language model, and sees that all of it is freed. */
export async function withHouseModel(
  run: (house: { model: CausalLM; tokenizer: Tokenizer }) => Promise<void>,
): Promise<void> {
  const engine = await createEngine();
  const model = await loadModel(HOUSE_MODEL, { engine });
  try {
    await run({ model, tokenizer: await Tokenizer.load(HOUSE_MODEL) });
    await model.dispose();
    // After a failure the rest may not be freed, and would hide it.
    assert.equal(engine.bytesInUse, 0);
  } finally {
    await model.dispose();
    await engine.dispose();
  }
}
