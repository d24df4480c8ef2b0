import assert from "node:assert/strict";
import { renderCard } from "../../../lib/train/run/model_card.ts";

Deno.test("renderCard() writes a head, a table whose cells stay in their row, and further sections in order", () => {
  const contents = {
    title: "A model",
    baseModel: "some/model",
    summary: "What was done.",
    results: [{ measure: "accuracy | of\nall", before: "1 %", after: "2 %\n(best)" }],
    sections: [{ heading: "Data", text: "Rows." }, { heading: "How to use", text: "Like this." }],
  };
  assert.equal(
    renderCard(contents, "some/model"),
    `---
base_model: some/model
library_name: peft
pipeline_tag: text-generation
tags: [kiln, lora]
---

# A model

What was done.

| measure | before | after |
| --- | --- | --- |
| accuracy \\| of all | 1 % | 2 % (best) |

## Data

Rows.

## How to use

Like this.
`,
  );
  // A base that is not on the hub cannot stand in the head.
  const local = renderCard({ ...contents, baseModel: "../data/models/tiny" });
  assert.ok(local.startsWith("---\nlibrary_name: peft\n"), local);
  assert.ok(local.includes("\nBase model: `../data/models/tiny`, a folder.\n"), local);
});
