import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../../lib/retrieval/store/canonical_json.ts";
import { DEFAULT_FULL_TEXT, type TableDescription } from "../../../lib/retrieval/store/description.ts";
import { documentHash } from "../../../lib/retrieval/store/document_hash.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { sampleDocument } from "./sample_documents.ts";

Deno.test("canonicalJson() does not depend on the order of keys, and loses nothing else", () => {
  const shuffled = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shuffled)
      : value !== null && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).reverse().map(([key, part]) => [key, shuffled(part)]))
      : value;
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = canonicalJson(value);
    assert.equal(canonicalJson(shuffled(value)), text);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
  }));
  assert.equal(
    canonicalJson({ b: 1, a: { d: [2, { y: 1, x: 2 }], c: undefined } }),
    '{"a":{"d":[2,{"x":2,"y":1}]},"b":1}',
  );
});

Deno.test("documentHash() changes with everything that a passage is made of, and with nothing else", () => {
  const description: TableDescription = {
    embedder: new HashingEmbedder().description,
    chunking: {},
    filterColumns: ["topic"],
    fullText: DEFAULT_FULL_TEXT,
  };
  const document = sampleDocument("a.md", ["One.", "Two."], { metadata: { topic: "x", author: "y" }, page: 1 });
  const hash = documentHash(document, description);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const same = { ...document, metadata: { author: "y", topic: "x" } };
  assert.equal(documentHash(same, { ...description, filterColumns: [] }), hash);
  const others = [
    documentHash({ ...document, text: document.text + " " }, description),
    documentHash({ ...document, title: "Other" }, description),
    documentHash({ ...document, untrusted: true }, description),
    documentHash({ ...document, metadata: { topic: "x" } }, description),
    documentHash({ ...document, blocks: document.blocks.map((block) => ({ ...block, page: 2 })) }, description),
    documentHash({ ...document, blocks: document.blocks.map((block) => ({ ...block, headings: [] })) }, description),
    documentHash(document, { ...description, chunking: { chunkTokens: 10 } }),
    documentHash(document, { ...description, embedder: new HashingEmbedder({ revision: "2" }).description }),
  ];
  assert.equal(new Set([hash, ...others]).size, others.length + 1);
});
