import assert from "node:assert/strict";
import fc from "fast-check";
import { type Chunk, chunkDocument, type ChunkOptions, embeddedText } from "../../../lib/retrieval/chunk/mod.ts";
import { type BlockDraft, buildDocument, type SourceDocument } from "../../../lib/retrieval/documents/mod.ts";
import { type CountingEmbedder, houseEmbedder } from "./house_embedder.ts";
import { anyText } from "../../support/any_text.ts";

function documentOf(blocks: BlockDraft[], title = "Rabbits", metadata: Record<string, string> = {}): SourceDocument {
  return buildDocument({ source: "a.md", title, mediaType: "text/markdown", blocks, metadata });
}

/** What holds for the chunks of every document. */
function assertSound(document: SourceDocument, chunks: Chunk[], embedder: CountingEmbedder): void {
  const covered = new Uint8Array(document.text.length);
  let before = -1;
  for (const chunk of chunks) {
    assert.equal(chunk.text, document.text.slice(chunk.start, chunk.end));
    assert.equal(chunk.text, chunk.text.trim());
    assert.notEqual(chunk.text, "");
    assert.ok(chunk.text.isWellFormed());
    assert.equal(chunk.tokens, embedder.countTokens(embeddedText(chunk)));
    assert.ok(chunk.tokens <= embedder.description.maxTokens, `${chunk.tokens} tokens`);
    assert.ok(chunk.start > before, "chunks go on");
    before = chunk.start;
    covered.fill(1, chunk.start, chunk.end);
  }
  for (let at = 0; at < covered.length; at++) {
    if (covered[at] === 0) assert.match(document.text[at], /\s/, `offset ${at} is in no chunk`);
  }
  assert.equal(new Set(chunks.map(({ id }) => id)).size, chunks.length);
}

function chunked(document: SourceDocument, options: ChunkOptions = {}, embedder = houseEmbedder()): Chunk[] {
  const chunks = chunkDocument(document, embedder, options);
  assertSound(document, chunks, embedder);
  return chunks;
}

const sentence = (n: number) => `Rabbit number ${n} lives in a burrow below the hedge and eats grass.`;
const sentences = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => sentence(from + index)).join(" ");

Deno.test("chunkDocument() keeps a short document in one chunk with its place", () => {
  const [chunk, ...others] = chunked(documentOf(
    [
      { kind: "heading", level: 1, text: "Rabbits" },
      { kind: "heading", level: 2, text: "Food", page: 3 },
      { kind: "paragraph", text: "They eat grass.", page: 3 },
    ],
    "Rabbits",
    { topic: "animals" },
  ));
  assert.deepEqual(others, []);
  assert.equal(chunk.text, "Rabbits\n\nFood\n\nThey eat grass.");
  assert.deepEqual(chunk.headings, ["Rabbits", "Food"]);
  assert.deepEqual(chunk.metadata, { topic: "animals" });
  assert.match(chunk.id, /^[0-9a-f]{24}$/);
  assert.equal(chunk.source, "a.md");
});

Deno.test("chunkDocument() starts a chunk at each heading and keeps the page", () => {
  const chunks = chunked(documentOf([
    { kind: "paragraph", text: "Before.", page: 1 },
    { kind: "heading", level: 1, text: "One", page: 1 },
    { kind: "paragraph", text: "First.", page: 2 },
    { kind: "heading", level: 2, text: "Two", page: 2 },
    { kind: "paragraph", text: "Second.", page: 2 },
    { kind: "paragraph", text: "Third.", page: 3 },
  ]));
  assert.deepEqual(chunks.map(({ text }) => text), ["Before.", "One\n\nFirst.", "Two\n\nSecond.\n\nThird."]);
  assert.deepEqual(chunks.map(({ headings }) => headings), [[], ["One"], ["One", "Two"]]);
  assert.deepEqual(chunks.map(({ page }) => page), [1, 1, 2]);
});

Deno.test("chunkDocument() cuts long paragraphs between sentences, with overlap in whole ones", () => {
  const document = documentOf([{ kind: "paragraph", text: sentences(60) }]);
  const chunks = chunked(document, { overlapTokens: 40 });
  assert.ok(chunks.length > 3);
  for (const [index, chunk] of chunks.entries()) {
    assert.match(chunk.text, /^Rabbit number .*\.$/s);
    if (index === 0) continue;
    const shared = document.text.slice(chunk.start, chunks[index - 1].end);
    assert.match(shared, /^Rabbit number .*\.$/s);
    const tokens = houseEmbedder().countTokens(shared);
    assert.ok(tokens > 20 && tokens < 60, `${tokens} tokens shared`);
  }
  for (const chunk of chunks.slice(0, -1)) assert.ok(chunk.tokens > 200, `${chunk.tokens} tokens`);
  const apart = chunked(document, { overlapTokens: 0 });
  for (const [index, chunk] of apart.entries()) assert.ok(index === 0 || chunk.start > apart[index - 1].end);
});

Deno.test("chunkDocument() packs whole paragraphs where they fit", () => {
  const paragraphs = Array.from({ length: 12 }, (_, index) => sentences(4, 10 * index));
  const chunks = chunked(documentOf(paragraphs.map((text) => ({ kind: "paragraph", text }))), { overlapTokens: 0 });
  assert.ok(chunks.length > 1 && chunks.length < 12);
  assert.deepEqual(chunks.flatMap(({ text }) => text.split("\n\n")), paragraphs);
});

Deno.test("chunkDocument() keeps lines of tables and code whole, and small tables undivided", () => {
  const rows = Array.from({ length: 60 }, (_, index) => `rabbit ${index} | ${index * 3} carrots | brown`);
  const code = Array.from({ length: 40 }, (_, index) => `  const burrow${index} = dig(${index});`);
  const chunks = chunked(
    documentOf([{ kind: "table", text: rows.join("\n") }, { kind: "code", text: code.join("\n") }]),
    { overlapTokens: 0 },
  );
  const lines = new Set([...rows, ...code].map((line) => line.trim()));
  assert.ok(chunks.length > 4);
  for (const line of chunks.flatMap(({ text }) => text.split("\n")).filter((line) => line !== "")) {
    assert.ok(lines.has(line.trim()), line);
  }
  const table = rows.slice(0, 8).join("\n");
  const small = chunked(documentOf([{ kind: "paragraph", text: sentences(9) }, { kind: "table", text: table }]));
  assert.ok(small.some(({ text }) => text.includes(table)));
});

Deno.test("chunkDocument() reads anything: Chinese, emoji, an endless word, base64, marks without end", () => {
  const texts = [
    "今天天气很好。我们去公园散步！好吗？".repeat(60),
    "没有标点的很长的中文文本".repeat(100),
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽".repeat(200),
    "a".repeat(5000),
    btoa(sentences(100)),
    "e" + "\u20dd\u20e0".repeat(3000),
    "\u{1F1E9}\u{1F1EA}".repeat(500),
    "a b ".repeat(2000),
    "(((((".repeat(400),
  ];
  for (const text of texts) {
    const chunks = chunked(documentOf([{ kind: "paragraph", text }]));
    assert.ok(chunks.length > 1, text.slice(0, 20));
  }
  chunked(documentOf(texts.map((text) => ({ kind: "list", text })), "题目".repeat(100)));
});

Deno.test("chunkDocument() cuts an endless word into full chunks and emoji between people", () => {
  const word = chunked(documentOf([{ kind: "paragraph", text: "xy".repeat(2500) }]));
  const full = word.filter(({ tokens }) => tokens > 128);
  assert.ok(full.length >= word.length - 1, word.map(({ tokens }) => tokens).join(" "));
  const family = "👩‍👩‍👧‍👦";
  for (const { text } of chunked(documentOf([{ kind: "paragraph", text: family.repeat(200) }]))) {
    assert.equal(text.length % family.length, 0);
  }
});

const word = fc.oneof(
  fc.stringMatching(/^[a-z]{1,12}[.,!?]?$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  anyText({ minLength: 1, maxLength: 30 }),
  fc.constantFrom("漢字。", "العربية", "naïve", "x".repeat(700), "\n", "。", "3.14", "😀"),
);
const block: fc.Arbitrary<BlockDraft> = fc.record({
  kind: fc.constantFrom<BlockDraft["kind"]>("heading", "paragraph", "list", "table", "code", "quote"),
  text: fc.array(word, { maxLength: 120 }).map((words) => words.join(" ")),
  level: fc.integer({ min: 1, max: 6 }),
});

Deno.test("chunkDocument() keeps its promises for any document, embedder and size", () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 8 }),
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.constantFrom(160, 256, 512),
      fc.constantFrom("", "passage: "),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      (blocks, title, maxTokens, prefix, share) => {
        const chunkTokens = Math.ceil(share * maxTokens);
        const overlapTokens = Math.floor(chunkTokens / 4);
        const embedder = houseEmbedder(maxTokens, prefix);
        chunked(documentOf(blocks, title), { chunkTokens, overlapTokens }, embedder);
        chunked(documentOf(blocks, title), {}, embedder);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("chunkDocument() asks about each text a few times only", () => {
  const paragraphs = Array.from({ length: 200 }, (_, index) => sentences(12, index));
  const endless = "a".repeat(20_000);
  const document = documentOf([...paragraphs, endless, endless].map((text) => ({ kind: "paragraph", text })));
  const embedder = houseEmbedder();
  chunkDocument(document, embedder);
  const share = embedder.counted.characters / document.text.length;
  assert.ok(share < 4, `${share} characters asked about for each`);
  assert.ok(embedder.counted.calls < document.text.length / 20, `${embedder.counted.calls} calls`);
});

Deno.test("chunkDocument() gives the same ids for the same passages and others for others", () => {
  const blocks: BlockDraft[] = [{ kind: "paragraph", text: sentences(40) }];
  const ids = chunked(documentOf(blocks)).map(({ id }) => id);
  assert.deepEqual(chunked(documentOf(blocks, "Another title")).slice(0, 1).map(({ id }) => id), ids.slice(0, 1));
  const moved = chunked({ ...documentOf(blocks), source: "b.md" }).map(({ id }) => id);
  assert.equal(moved.filter((id) => ids.includes(id)).length, 0);
});

Deno.test("chunkDocument() refuses sizes that do not fit the embedder", () => {
  const document = documentOf([{ kind: "paragraph", text: sentences(3) }]);
  for (const chunkTokens of [0, 257, 1.5, NaN]) {
    assert.throws(() => chunkDocument(document, houseEmbedder(), { chunkTokens }), /chunkTokens: expected 1 to 256/);
  }
  for (const overlapTokens of [-1, 60, NaN]) {
    const options = { chunkTokens: 100, overlapTokens };
    assert.throws(() => chunkDocument(document, houseEmbedder(), options), /overlapTokens: expected 0 to half/);
  }
  assert.throws(() => chunkDocument(document, houseEmbedder(2)), /a\.md: one character .* kiln-embed reads 2/);
});
