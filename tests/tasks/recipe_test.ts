import assert from "node:assert/strict";
import { inFolder } from "../support/in_folder.ts";
import { HOUSE_MODEL, withHouseModel } from "../support/house_model.ts";
import { freeAdapters, sftRun } from "../support/recipe_runs.ts";

async function recipe(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "lib/tasks/recipe.ts", ...args],
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), error: text.decode(stderr) };
}

Deno.test("deno task recipe writes a recipe beside the run's files, and counts what became of the options", () =>
  inFolder((outputs) =>
    withHouseModel(async ({ model, tokenizer }) => {
      const maker = { model, tokenizer, outputs, adapters: [] };
      const run = await sftRun(maker);
      freeAdapters(maker);
      const { code, out, error } = await recipe(run, "--to", "llamafactory", "--gpus", "2");
      assert.equal(code, 0, error);
      assert.match(out, /recipe-llamafactory: MAPPING\.md, README\.md, data\/dataset_info\.json/);
      assert.match(out, /\d+ options mapped, \d+ implied, \d+ unmapped; \d+ fields besides/);
      assert.ok(Deno.statSync(`${run}/recipe-llamafactory/train.yaml`).isFile);
      const refused = await recipe(run, "--to", "trl", "--gpus", "3");
      assert.deepEqual([refused.code, refused.out], [1, ""]);
      assert.match(refused.error, /--gpus 3: the run's batch of 4 rows/);
    })
  ));

Deno.test("deno task recipe shows its help, and says what is wrong with a command line", async () => {
  const help = await recipe("--help");
  assert.equal(help.code, 0);
  assert.match(help.out, /deno task recipe 01-grpo-gsm8k --to trl/);
  for (
    const [args, message] of [
      [[], /^deno task recipe: expected one run, such as 01-grpo-gsm8k, got 0\n$/],
      [["outputs/a-001"], /--to: expected one of trl, llamafactory, verl, got nothing/],
      [["outputs/a-001", "--to", "nemo"], /--to: expected one of .*, got nemo/],
      [["outputs/a-001", "--to", "trl", "--gpus", "half"], /--gpus half: expected a number above 0/],
      [["outputs/a-001", "--to", "trl", "--cards", "2"], /'--cards'/],
    ] as const
  ) {
    const { code, error } = await recipe(...args);
    assert.equal(code, 2);
    assert.match(error, message);
  }
  const { code, error } = await recipe(HOUSE_MODEL, "--to", "trl");
  assert.equal(code, 1);
  assert.match(
    error,
    /^deno task recipe: .*kiln-tiny\/parameters\.json: there is no such file; expected the folder of a run/,
  );
  const absent = await recipe("no-such-run", "--to", "trl");
  assert.deepEqual([absent.code, absent.out], [1, ""]);
  assert.match(absent.error, /^deno task recipe: outputs has no run called no-such-run \(looked for .*\)\n$/);
});
