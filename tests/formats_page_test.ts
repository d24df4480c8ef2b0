import assert from "node:assert/strict";
import { MATRIX, renderMatrix } from "./formats_matrix.ts";

const here = (file: string) => new URL(file, import.meta.url);

/** The same text whatever a formatter makes of tables and line ends. */
const words = (text: string) => text.replace(/-{3,}/g, "---").split(/\s+/).join(" ").trim();

Deno.test("FORMATS.md is what formats_matrix.ts says", async () => {
  const page = await Deno.readTextFile(here("FORMATS.md"));
  assert.equal(words(page), words(renderMatrix()), "deno run -A tests/formats_matrix.ts writes it anew");
});

Deno.test("every tick of FORMATS.md leads to a test that is there", async () => {
  for (const row of MATRIX) {
    for (const cell of [row.qwen2, row.qwen3, row.llama]) {
      if (typeof cell === "string") continue;
      assert.ok(cell.length > 0);
      for (const { file, test } of cell) {
        const text = await Deno.readTextFile(here(file));
        assert.ok(test === null || text.includes(test), `${file} has no test "${test}"`);
      }
    }
  }
});
