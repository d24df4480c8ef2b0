import assert from "node:assert/strict";
import { createEngine, ProgramCache } from "../../lib/engine/mod.ts";
import { Graph, neg } from "../../lib/graph/mod.ts";
import { loadModel, type TokenBatch } from "../../lib/models/mod.ts";
import { PeakEngine } from "../support/peak_engine.ts";
import { TINY_MODEL } from "../support/tiny_model.ts";

/** An engine that cannot compile while it is told so. */
class FailingEngine extends PeakEngine {
  fails = false;
  compiled = 0;
  override async compile(...[options]: Parameters<PeakEngine["compile"]>) {
    if (this.fails) throw new Error("no memory for a program");
    this.compiled++;
    return await super.compile(options);
  }
}

const negated = () => ({ y: neg(new Graph().input("x", [])) });

Deno.test("ProgramCache compiles a program once for each key", async () => {
  const engine = new FailingEngine(await createEngine({ threads: 1 }));
  const programs = new ProgramCache(engine);
  const [first, second] = await Promise.all([programs.get("a", negated), programs.get("a", negated)]);
  assert.equal(first, second);
  assert.notEqual(await programs.get("b", negated), first);
  assert.equal(engine.compiled, 2);
  await programs.dispose();
  await programs.dispose();
  await engine.dispose();
});

Deno.test("ProgramCache tries again what could not be compiled, and a model can be freed all the same", async () => {
  const engine = new FailingEngine(await createEngine({ threads: 1 }));
  const model = await loadModel(TINY_MODEL, { engine });
  const batch: TokenBatch = {
    batch: 1,
    tokens: 2,
    ids: BigInt64Array.of(5n, 6n),
    positions: BigInt64Array.of(0n, 1n),
    documents: new Int32Array(2),
  };
  engine.fails = true;
  await assert.rejects(model.forward(batch), /no memory for a program/);
  engine.fails = false;
  (await model.forward(batch)).hidden.dispose();
  engine.fails = true;
  await assert.rejects(model.forward(batch, { keep: "residuals", trainable: "all" }), /no memory for a program/);
  await model.dispose();
  assert.equal(engine.bytesInUse, 0);
  await engine.dispose();
});
