import assert from "node:assert/strict";
import type { BenchReport } from "./report.ts";

const TASK = new URL("../../lib/tasks/bench.ts", import.meta.url).pathname;

/** Runs the section and returns the rows by case. */
async function webgpuRows(env: Record<string, string>): Promise<BenchReport["results"]> {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["run", "-A", "--no-check", TASK, "--section", "webgpu", "--quick", "--json", `${folder}/bench.json`];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(await Deno.readTextFile(`${folder}/bench.json`)).results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "deno task bench --section webgpu says in one row that there is no GPU, and does not fail",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const results = await webgpuRows({ VK_DRIVER_FILES: "/dev/null", VK_ICD_FILENAMES: "/dev/null" });
    assert.ok(results.every(({ error }) => error === null));
    const [row, ...others] = results.flatMap(({ rows }) => rows);
    assert.equal(row.value, null);
    assert.match(row.note, /^does not run here: no GPU/);
    assert.deepEqual(others, []);
  },
});

Deno.test({
  name: "deno task bench --section webgpu has its rows, which name the adapter",
  ignore: Deno.env.get("KILN_WEBGPU") !== "1",
  fn: async () => {
    const results = await webgpuRows({});
    for (const { name, rows, error } of results) {
      assert.equal(error, null, name);
      const precision = name.replace("webgpu ", "");
      if (rows.length === 1 && precision === "float16") assert.match(rows[0].note, /no float16/);
      else {
        const measured = ["bare MatMul", "block forward", "block backward, recomputing", "SFT step", "decode"];
        assert.deepEqual(rows.map(({ what }) => what), measured.map((what) => `${precision}: ${what}`));
        assert.ok(rows.every(({ value, note }) => value! > 0 && note.includes("; ")));
      }
    }
  },
});
