import assert from "node:assert/strict";
import fc from "fast-check";
import { embeddedText } from "../../../lib/retrieval/chunk/mod.ts";

Deno.test("embeddedText() puts title and headings above the text", () => {
  assert.equal(
    embeddedText({ title: "Rabbits", headings: ["Life", "Food"], text: "They eat grass." }),
    "Rabbits > Life > Food\nThey eat grass.",
  );
  assert.equal(embeddedText({ title: "Rabbits", headings: [], text: "They eat." }), "Rabbits\nThey eat.");
  assert.equal(embeddedText({ title: "", headings: [], text: "They eat." }), "They eat.");
});

Deno.test("embeddedText() says nothing twice", () => {
  assert.equal(
    embeddedText({ title: "Rabbits", headings: ["Rabbits", "Food"], text: "They eat grass." }),
    "Rabbits > Food\nThey eat grass.",
  );
  assert.equal(
    embeddedText({ title: "Rabbits", headings: ["Life", "Food"], text: "Life\n\nFood\n\nThey eat grass." }),
    "Rabbits\nLife\n\nFood\n\nThey eat grass.",
  );
  const whole = "Rabbits\n\nFood\n\nThey eat.";
  assert.equal(embeddedText({ title: "Rabbits", headings: ["Rabbits", "Food"], text: whole }), whole);
});

Deno.test("embeddedText() knows a title from a longer word that begins the same", () => {
  assert.equal(embeddedText({ title: "Pain", headings: [], text: "Painting is an art." }), "Pain\nPainting is an art.");
  assert.equal(
    embeddedText({ title: "Pain", headings: ["2"], text: "Pain\n\n20 people." }),
    "2\nPain\n\n20 people.",
  );
  assert.equal(embeddedText({ title: "Pain", headings: [], text: "Pain, though." }), "Pain, though.");
});

Deno.test("embeddedText() shortens a long place at words, the nearest heading first", () => {
  const text = embeddedText({
    title: "The rabbits of the northern hills and their many neighbours in the long winter",
    headings: ["A heading far above that is long", "Nearer", "What rabbits eat in spring"],
    text: "Grass.",
  });
  assert.equal(text, "The rabbits of the northern hills and their many > Nearer > What rabbits eat in spring\nGrass.");
});

Deno.test("embeddedText() keeps the text as it is below at most 102 bytes", () => {
  fc.assert(fc.property(
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc.array(fc.string({ unit: "grapheme", maxLength: 100 }), { maxLength: 5 }),
    fc.string({ unit: "grapheme" }),
    (title, headings, text) => {
      const embedded = embeddedText({ title, headings, text });
      assert.ok(embedded.endsWith(text));
      const place = embedded.slice(0, embedded.length - text.length);
      assert.ok(new TextEncoder().encode(place).length <= 48 + 48 + 4 * 3 + 1);
      assert.ok(place.isWellFormed());
    },
  ));
});
