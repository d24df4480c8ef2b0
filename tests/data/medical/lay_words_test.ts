import assert from "node:assert/strict";
import { bare, CONDITIONS } from "../../../lib/data/medical/mod.ts";
import { COMPLAINTS, LAY_ILLNESSES, MEDICINE_NAMES } from "../../../lib/data/query_rewrites/terms.ts";

Deno.test("lay words have one standard term each, in all medical tables together", () => {
  const terms = new Map<string, string>();
  const says = [
    ...CONDITIONS.flatMap(({ symptoms }) => symptoms.flatMap(({ lay, term }) => term ? [[lay, term]] : [])),
    ...CONDITIONS.flatMap(({ lay, name }) => lay ? [[lay, name]] : []),
    ...COMPLAINTS.flatMap(({ noun, clause, term }) => [[noun, term], [clause, term]]),
    ...[...LAY_ILLNESSES, ...MEDICINE_NAMES].map(({ lay, term }) => [lay, term]),
  ];
  for (const [lay, term] of says) {
    const words = bare(lay).toLowerCase();
    assert.equal(terms.get(words) ?? term, term, lay);
    terms.set(words, term);
  }
  assert.ok(terms.size > 300, `${terms.size}`);
});
