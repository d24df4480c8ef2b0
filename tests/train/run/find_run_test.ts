import assert from "node:assert/strict";
import { createRun, findRun } from "../../../lib/train/run/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

Deno.test("findRun() finds a run by its folder, by its name with its number, and the newest of a name", () =>
  inFolder(async (outputs) => {
    const first = await createRun("sft", {}, { outputs });
    const second = await createRun("sft", {}, { outputs });
    assert.equal(await findRun(first.path, { outputs }), first.path);
    assert.equal(await findRun("sft-001", { outputs }), `${outputs}/sft-001`);
    assert.equal(await findRun("sft", { outputs }), second.path);
    assert.equal(await findRun("newest:sft", { outputs }), second.path);
    // A folder called as the name is before all others.
    await Deno.mkdir(`${outputs}/sft`);
    assert.equal(await findRun("sft", { outputs }), `${outputs}/sft`);
    assert.equal(await findRun("newest:sft", { outputs }), second.path);
  }));

Deno.test("findRun() says where it looked for a name, and gives null for what cannot be one", () =>
  inFolder(async (outputs) => {
    await assert.rejects(
      findRun("dpo", { outputs }),
      /has no run called dpo \(looked for .*\/dpo and .*\/dpo-001, -002/,
    );
    await assert.rejects(findRun("newest:../dpo", { outputs }), /run name "\.\.\/dpo": expected lower-case letters/);
    for (const other of ["Qwen/Qwen2.5-0.5B-Instruct", "outputs/dpo-001", "a model.gguf"]) {
      assert.equal(await findRun(other, { outputs }), null);
    }
  }));
