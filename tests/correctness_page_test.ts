import assert from "node:assert/strict";
import { RUNGS } from "./correctness_rungs.ts";

const page = await Deno.readTextFile(new URL("CORRECTNESS.md", import.meta.url));

Deno.test("CORRECTNESS.md has a row with a measured error for every rung, and none for others", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Kiln's"));
  assert.equal(rows.length - 1, RUNGS.length, "deno task correctness writes it anew");
  RUNGS.forEach(({ what, against }, i) => {
    const [, shownWhat, shownAgainst, , error] = rows[i + 1].split(/(?<!\\)\|/).map((cell) => cell.trim());
    assert.equal(shownWhat, what);
    assert.equal(shownAgainst, against);
    assert.match(error, /^(equal bit for bit|\d\.\de-\d+ \(.+\))$/, `${what}: ${error}`);
  });
});
