import assert from "node:assert/strict";
import { type CompileOptions, createEngine, type Program } from "../../../lib/engine/mod.ts";
import { Decoder, generate } from "../../../lib/models/mod.ts";
import { EngineAround } from "../../support/engine_around.ts";
import { randomPrompts, smallModel } from "./models.ts";

/** An engine that compiles as many programs as it is told, and counts those that are not disposed. */
class LimitedEngine extends EngineAround {
  left = Infinity;
  open = 0;
  override async compile(options: CompileOptions): Promise<Program> {
    if (this.left-- <= 0) throw new Error("no memory for a program");
    const program = await super.compile(options);
    this.open++;
    return {
      inputNames: program.inputNames,
      outputNames: program.outputNames,
      run: (...args) => program.run(...args),
      dispose: () => {
        this.open--;
        return program.dispose();
      },
    };
  }
}

Deno.test("Decoder tries again what could not be compiled, and leaves nothing of it", async () => {
  const engine = new LimitedEngine(await createEngine({ threads: 1 }));
  const model = await smallModel(engine);
  const decoder = new Decoder(model, { segmentBytes: 1 });
  const options = { prompts: randomPrompts([3, 5]), maxNewTokens: 4, decoder };
  for (const left of [0, 1, 2]) {
    engine.left = left;
    await assert.rejects(generate(model, options), /^Error: no memory for a program$/);
    assert.equal(engine.open, 0, `${left} programs compiled`);
  }
  engine.left = Infinity;
  assert.equal((await generate(model, options)).length, 2);
  assert.ok(engine.open > 2);
  await decoder.dispose();
  assert.equal(engine.open, 0);

  // A decoder can be disposed while it fails to compile.
  engine.left = 1;
  const other = new Decoder(model, { segmentBytes: 1 });
  const failing = assert.rejects(other.prepare(), /no memory for a program/);
  await other.dispose();
  await failing;
  assert.equal(engine.open, 0);
  await model.dispose();
  await engine.dispose();
});
