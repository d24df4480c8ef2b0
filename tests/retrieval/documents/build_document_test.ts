import assert from "node:assert/strict";
import fc from "fast-check";
import { type BlockDraft, buildDocument } from "../../../lib/retrieval/documents/mod.ts";
import { assertSoundDocument, blocksOf } from "./sound_document.ts";
import { anyText } from "../../support/any_text.ts";

function built(blocks: BlockDraft[], title = "A title", metadata: Record<string, string> = {}) {
  return buildDocument({ source: "a/b.md", title, mediaType: "text/markdown", blocks, metadata });
}

Deno.test("buildDocument() nests headings by their levels", () => {
  const document = built([
    { kind: "paragraph", text: "top" },
    { kind: "heading", level: 2, text: "A" },
    { kind: "heading", level: 4, text: "B" },
    { kind: "paragraph", text: "in B" },
    { kind: "heading", level: 3, text: "C" },
    { kind: "heading", level: 1, text: "D" },
    { kind: "paragraph", text: "in D", page: 7 },
  ]);
  assert.deepEqual(document.blocks.map(({ headings }) => headings.join("/")), ["", "A", "A/B", "A/B", "A/C", "D", "D"]);
  assert.equal(document.blocks[6].page, 7);
  assert.equal(document.text, "top\n\nA\n\nB\n\nin B\n\nC\n\nD\n\nin D");
});

Deno.test("buildDocument() cleans what nobody sees and keeps what has a meaning", () => {
  const document = built([
    {
      kind: "paragraph",
      text: "a\u0000b \ud800 soft\u00adhyphen \u202eturned\u202c \ufeffx² ﬁ e\u0301\r\nnext\u00a0 line",
    },
    { kind: "code", text: "\n\n  if (a) {\r\n    b();   \n\n  }\n" },
    { kind: "paragraph", text: " \u200b\n" },
    { kind: "list", text: "- one \n  - two" },
    { kind: "paragraph", text: "family 👩‍👩‍👧 tag\u{e0041}s" },
  ]);
  assert.deepEqual(blocksOf(document), [
    ["paragraph", "ab softhyphen turned x² ﬁ é\nnext line"],
    ["code", "  if (a) {\n    b();\n\n  }"],
    ["list", "- one\n  - two"],
    ["paragraph", "family 👩‍👩‍👧 tags"],
  ]);
});

Deno.test("buildDocument() makes paragraphs of endless headings and drops metadata that says nothing", () => {
  const long = "word ".repeat(100);
  const document = built([{ kind: "heading", text: long }], ` ${long}\n`, {
    author: " Ann\nBell ",
    empty: " ",
    ["__proto__"]: "x",
  });
  assert.equal(document.blocks[0].kind, "paragraph");
  assert.ok(document.title.length <= 300 && document.title.endsWith("..."));
  assert.deepEqual(document.metadata, { author: "Ann Bell" });
  assert.equal(built([], "\u0000 ").title, "a/b.md");
});

Deno.test("buildDocument() keeps the invariants for any text", () => {
  const text = fc.oneof(
    anyText(),
    fc.string({ unit: "grapheme" }),
    fc.array(fc.constantFrom("a", " ", "\n", "\r", "\ud83d", "\ude00", "\u0301", "\u0085", "\u2028", "가", "ᄀ", "ᅡ"))
      .map((parts) => parts.join("")),
  );
  const block: fc.Arbitrary<BlockDraft> = fc.record({
    kind: fc.constantFrom<BlockDraft["kind"]>("heading", "paragraph", "list", "table", "code", "quote"),
    text,
    level: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(block), text, fc.dictionary(text, text), (blocks, title, metadata) => {
      assertSoundDocument(built(blocks, title, metadata));
    }),
    { numRuns: 60 },
  );
});

Deno.test("buildDocument() gives a source that can be stored", () => {
  const draft = { title: "", mediaType: "text/plain", blocks: [{ kind: "paragraph", text: "x" }] } as const;
  const { source, title } = buildDocument({ ...draft, source: "rows.jsonl#\ud800 a" });
  assert.deepEqual([source, title], ["rows.jsonl#\ufffd a", "rows.jsonl#\ufffd a"]);
});
