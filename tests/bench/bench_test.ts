import assert from "node:assert/strict";
import { measureMatmul } from "./matmul.ts";
import type { BenchReport } from "./report.ts";

const TASK = new URL("../../lib/tasks/bench.ts", import.meta.url).pathname;

async function bench(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", TASK, ...args] });
  const { code, stdout, stderr } = await command.output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, error };
}

/** Runs the task and checks its printed table against its JSON; returns the rows' names by section. */
async function benchRows(...args: string[]): Promise<Record<string, string[]>> {
  const folder = await Deno.makeTempDir();
  try {
    const { code, out, error } = await bench(...args, "--quick", "--json", `${folder}/bench.json`);
    assert.equal(code, 0, `${out}\n${error}`);
    const report: BenchReport = JSON.parse(await Deno.readTextFile(`${folder}/bench.json`));
    assert.match(out.split("\n")[0], /threads, .*Deno .*ONNX Runtime /);
    const rows: Record<string, string[]> = {};
    for (const { section, name, rows: own, peakBytes, error } of report.results) {
      assert.equal(error, null, name);
      assert.ok(peakBytes! > 50e6, `${name}: ${peakBytes} bytes`);
      assert.match(out.split("Peak memory")[1], new RegExp(`\\n${name} +[\\d.]+`));
      for (const { what, shape, value, ofRaw, timeRatio, note } of own) {
        assert.ok(out.includes(what) && out.includes(shape), `the table lacks "${what}" at ${shape}`);
        // Other engines may not run everywhere; ours do.
        if (value === null) assert.match(note, /^does not run here: /, what);
        else assert.ok(value > 0, `${what}: ${value}`);
        for (const ratio of [ofRaw, timeRatio]) assert.ok(ratio === null || ratio > 0, `${what}: ${ratio}`);
        (rows[section] ??= []).push(what);
      }
    }
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("deno task bench has its rows", async () => {
  const { matmul, ...rows } = await benchRows();
  const engines = ["ONNX Runtime", "TensorFlow.js", "jax-js"];
  const measured = matmul.map((what) => engines.find((engine) => what.startsWith(engine)));
  assert.deepEqual(measured.sort(), [...engines, ...engines].sort());
  const passes = ["forward", "backward, recomputing"];
  const block = ["LoRA r16", "full"].flatMap((variant) => passes.map((pass) => `${variant}: ${pass}`));
  const ways = ["recomputing", "residuals"];
  assert.deepEqual(rows.packing?.map((what) => what.split(", ")[0]), ["padding", "packing"]);
  assert.deepEqual({ ...rows, packing: [] }, {
    "decoder-block": [...block, ...block],
    residuals: ["LoRA r16", "full", "LoRA r16"].flatMap((trained) => ways.map((way) => `${trained}, ${way}`)),
    sft: ["full, recomputing", "full, residuals", "LoRA r16, recomputing", "LoRA r16, residuals"],
    packing: [],
    rollout: ["LoRA r16, frozen weights", "full, weights as inputs"],
    episodes: ["one by one", "2 together", "8 together"],
    serve: ["one by one", "4 clients", "16 clients"],
  });
});

Deno.test("deno task bench --section half-billion has its rows", async () => {
  assert.deepEqual(await benchRows("--section", "half-billion"), {
    "half-billion": ["freeze the weights for decoding", "rollout", "forward, backward, AdamW", "the whole step"],
  });
});

Deno.test("deno task bench --section four-gigabytes has its rows", async () => {
  const ofOne = ["SFT step", "PPO: prompt and rollout", "PPO: score and learn", "PPO: the whole round"];
  assert.deepEqual(await benchRows("--section", "four-gigabytes"), { "four-gigabytes": [...ofOne, ...ofOne] });
});

Deno.test("deno task bench --section retrieval has its rows", async () => {
  const { retrieval } = await benchRows("--section", "retrieval");
  const [house, ...stores] = retrieval;
  assert.equal(house, "ingestion, house encoder");
  const ways = ["dense", "fullText", "hybrid", "dense by IvfPq"].flatMap((way) => [`${way}, p50`, `${way}, p95`]);
  const store = ["ingestion, hashed words", ...ways];
  assert.deepEqual(stores, [...store, ...store]);
});

Deno.test("deno task bench says what is wrong with its arguments", async () => {
  const unknown = await bench("--section", "lunch");
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.error,
    /--section lunch: expected one of matmul, decoder-block, residuals, sft, packing, rollout, episodes, serve, half-billion/,
  );
  const misspelt = await bench("--quik");
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.error, /--quik/);
});

Deno.test("measureMatmul() says why another engine does not run, or that it is wrong", async () => {
  const rows = await measureMatmul({ quick: true }, {
    absent: () => Promise.reject(new Error("no such library\nand details")),
    wrong: () =>
      Promise.resolve({
        description: "wrong 1.0",
        product: () => ({ run: () => {}, flops: 1, firstElement: () => Promise.resolve(NaN) }),
      }),
  });
  const notes = (name: string) => rows.filter(({ what }) => what === name).map(({ value, note }) => ({ value, note }));
  const absent = { value: null, note: "does not run here: no such library" };
  assert.deepEqual(notes("absent"), [absent, absent]);
  assert.equal(notes("wrong").length, 2);
  for (const { note } of notes("wrong")) assert.match(note, /first element is NaN, expected -?\d/);
});
