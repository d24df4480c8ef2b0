import assert from "node:assert/strict";
import { blocksOf, read, readOne } from "./sound_document.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf16 = (text: string) =>
  [...text].flatMap((character) => [character.charCodeAt(0) & 255, character.charCodeAt(0) >> 8]);

Deno.test("readDocument() reads plain text in paragraphs, a short first line as title", async () => {
  const document = await readOne("notes/rabbits.txt", "On Rabbits\r\n\r\nThey eat\r\ngrass.\r\n \t\r\nThey sleep.\r\n");
  assert.equal(document.title, "On Rabbits");
  assert.deepEqual(blocksOf(document), [
    ["heading", "On Rabbits"],
    ["paragraph", "They eat\ngrass."],
    ["paragraph", "They sleep."],
  ]);
  assert.equal((await readOne("notes/rabbits.txt", "They eat grass.\n\nThey sleep.")).title, "rabbits");
  assert.equal((await readOne("README", "Only one line")).title, "README");
});

Deno.test("readDocument() finds the encoding of plain text", async () => {
  const text = async (contents: Uint8Array) => (await readOne("a.txt", contents)).text;
  assert.equal(await text(bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa4)), "ä");
  assert.equal(await text(bytes(0xc3, 0xa4, 0x20, 0xe2, 0x82, 0xac)), "ä €");
  assert.equal(await text(bytes(0xff, 0xfe, ...utf16("Käse €"))), "Käse €");
  assert.equal(await text(bytes(0xfe, 0xff, 0, 0x4b, 0x20, 0xac)), "K€");
  assert.equal(await text(bytes(...utf16("Rabbits without a mark"))), "Rabbits without a mark");
  assert.equal(await text(bytes(0x4b, 0xe4, 0x73, 0x65, 0x20, 0x80)), "Käse €");
});

Deno.test("readDocument() reads each row of JSONL as a document", async () => {
  const rows = [
    {
      id: "r1",
      title: "Rabbits",
      text: "They eat.\n\nThey sleep.",
      metadata: { topic: "animals", year: 2024, deep: {} },
    },
    { _id: 7, contents: "No title.", source_url: "https://example.org" },
    { text: "No id." },
  ].map((row) => JSON.stringify(row));
  const { documents, failures } = await read("rows.jsonl", `\ufeff${rows.join("\n")}\n\n`, { metadata: { set: "a" } });
  assert.deepEqual(failures, []);
  assert.deepEqual(documents.map(({ source, title, text, metadata }) => ({ source, title, text, metadata })), [
    {
      source: "rows.jsonl#r1",
      title: "Rabbits",
      text: "They eat.\n\nThey sleep.",
      metadata: { topic: "animals", year: "2024", set: "a" },
    },
    {
      source: "rows.jsonl#7",
      title: "7",
      text: "No title.",
      metadata: { source_url: "https://example.org", set: "a" },
    },
    { source: "rows.jsonl#line 3", title: "line 3", text: "No id.", metadata: { set: "a" } },
  ]);
});

Deno.test("readDocument() names the lines of bad JSONL rows and reads the others", async () => {
  const lines = [
    '{"text": "good", "id": 1}',
    "{broken",
    "[1]",
    '{"title": "no text"}',
    '{"text": 5}',
    '{"text": "x", "id": "1"}',
    '{"text": "\\u0007"}',
  ];
  const { documents, failures } = await read("rows.jsonl", lines.join("\n"));
  assert.deepEqual(documents.map(({ text }) => text), ["good"]);
  assert.deepEqual(failures.map(({ kind, message }) => `${kind}: ${message.slice(0, 16)}`), [
    "broken: Line 2: not JSON",
    "broken: Line 3: the row:",
    "broken: Line 4: no text.",
    "broken: Line 5: text: In",
    'broken: Line 6: the id "',
    "empty: Line 7: There is",
  ]);
  assert.match(failures[4].message, /line 1/);
});

Deno.test("readDocument() decides by first bytes, media type and extension", async () => {
  const typeOf = async (source: string, contents: string, mediaType?: string) => {
    const { documents: [document], failures: [failure] } = await read(source, contents, { mediaType });
    return document?.mediaType ?? failure.kind;
  };
  assert.equal(await typeOf("a", "<!DOCTYPE html><p>x"), "text/html");
  assert.equal(await typeOf("a", "text"), "text/plain");
  assert.equal(await typeOf("https://example.org/a.php?b=c.pdf", "<p>x", "text/html; charset=utf-8"), "text/html");
  assert.equal(await typeOf("https://example.org/a.md", "# x", "text/plain"), "text/markdown");
  assert.equal(await typeOf("a.md", "# x", "application/octet-stream"), "text/markdown");
  assert.equal(await typeOf("a.MD", "# x"), "text/markdown");
  assert.equal(await typeOf("a.txt", "%PDF-1.4 broken"), "broken");
  assert.equal(await typeOf("a.txt", "\0\0\0 bytes \0\0\u0001"), "broken");
  assert.equal(await typeOf("a.docx", "PK\u0003\u0004\0\0"), "unsupported");
  assert.equal(await typeOf("a.py", "print(1)"), "unsupported");
  assert.equal(await typeOf("a.py", "print(1)", "text/plain"), "text/plain");
  assert.equal(await typeOf("a.png", "x", "image/png"), "unsupported");
  assert.equal(await typeOf("a.txt", ""), "empty");
  assert.equal(await typeOf("a.jsonl", "\n\n"), "empty");
});

Deno.test("readDocument() refuses what is larger than its limits, and stops when asked", async () => {
  const failure = async (limits: object) => (await read("a.txt", "word ".repeat(100), limits)).failures[0];
  assert.match((await failure({ maxBytes: 499 })).message, /maxBytes/);
  assert.match((await failure({ maxCharacters: 400 })).message, /maxCharacters/);
  assert.equal((await failure({ maxCharacters: 400 })).kind, "too large");
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(read("a.txt", "text", { signal }), /enough/);
});

Deno.test("readDocument() reads text by the charset that a server names, unless the bytes say otherwise", async () => {
  const text = async (source: string, mediaType: string, ...values: number[]) =>
    (await readOne(source, bytes(...values), { mediaType })).text;
  const japanese = [0x83, 0x65, 0x83, 0x58, 0x83, 0x67];
  assert.equal(await text("a.txt", "text/plain; charset=shift_jis", ...japanese), "テスト");
  assert.equal(await text("a.md", 'text/markdown; charset="Shift_JIS"', ...japanese), "テスト");
  assert.equal(await text("a", "text/plain;charset=iso-8859-2", 0xb1, 0xe6), "ąć");
  assert.equal(await text("a", "text/plain; charset=iso-8859-1", 0xc3, 0xa4), "ä");
  assert.equal(await text("a", "text/plain; charset=utf-8", 0x4b, 0xe4), "Kä");
  assert.equal(await text("a", "text/plain; charset=nonsense", 0xc3, 0xa4), "ä");
  assert.equal(await text("a", "text/plain; charset=shift_jis", 0xef, 0xbb, 0xbf, 0xc3, 0xa4), "ä");
  const rows = [...new TextEncoder().encode('{"text": "'), 0xb1, ...new TextEncoder().encode('"}')];
  assert.equal(await text("a.jsonl", "application/jsonl; charset=iso-8859-2", ...rows), "ą");
});

Deno.test("readDocument() knows no kinds by names that every object has", async () => {
  for (const options of [{}, { mediaType: "constructor" }]) {
    const { failures: [{ kind }] } = await read("a.constructor", "text", options);
    assert.equal(kind, "unsupported");
  }
});
