import assert from "node:assert/strict";
import { showDuration } from "../../lib/tasks/scale.ts";

const TASK = new URL("../../lib/tasks/scale.ts", import.meta.url).pathname;

async function scale(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", TASK, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("deno task scale prints what a run takes on three machines, with costs of those that are paid for", async () => {
  const flags = ["--method", "sft", "--rows", "100", "--card", "RTX 3060", "--cluster", "H200x4", "--price", "2.5"];
  const { code, stdout } = await scale("--model", "data/models/kiln-tiny", ...flags);
  assert.equal(code, 0);
  const [, , row] = stdout.split("\n").filter((line) => line.startsWith("|"));
  const [, run, model, here, card, many] = row.split("|").map((cell) => cell.trim());
  assert.equal(run, "SFT, 100 texts of 512 tokens, 2 epochs");
  assert.match(model, /^kiln-tiny \(3\.8M\)$/);
  assert.match(here, /^\d+ s, 0\.\d GB, float32$/);
  assert.match(card, /^at least \d+ s, 0\.\d GB, float16, costs 0\.00$/);
  assert.match(many, / GB each, bfloat16, costs 0\.00$/);
});

Deno.test("deno task scale says what is wrong with its flags", async () => {
  const cases: [string[], RegExp][] = [
    [["--card", "RTX 9"], /--card: expected one of RTX 3060, .*, got "RTX 9"/],
    [["--cluster", "H100"], /--cluster: expected such as H100x8, got "H100"/],
    [["--rows", "0"], /--rows: expected a whole number above 0, got "0"/],
    [["--price", "cheap"], /--price: expected an amount, got "cheap"/],
    [["--method", "magic"], /--method: expected one of sft, dpo, grpo/],
    [["--speed"], /Unknown option '--speed'/],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await scale(...args);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
  const { code, stderr } = await scale("--model", "./absent");
  assert.equal(code, 1);
  assert.match(stderr, /^deno task scale: There is no folder \.\/absent, and it is not a name on the hub/);
});

Deno.test("showDuration() shows seconds, minutes, hours and days", () => {
  assert.deepEqual([40, 600, 12_000, 900_000].map(showDuration), ["40 s", "10 min", "3.3 h", "10 days"]);
});
