import assert from "node:assert/strict";
import { renderCard } from "../../../lib/train/run/model_card.ts";

Deno.test("renderCard() writes a head, a table whose cells stay in their row, and further sections in order", () => {
  const card = renderCard({
    title: "A model",
    baseModel: 'a "model": its name',
    summary: "What was done.",
    results: [{ measure: "accuracy | of\nall", before: "1 %", after: "2 %\n(best)" }],
    sections: [{ heading: "Data", text: "Rows." }, { heading: "How to use", text: "Like this." }],
  });
  assert.equal(
    card,
    `---
base_model: "a \\"model\\": its name"
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
});
