/** Whatever the bytes, a reader gives sound documents or failures: `read` checks them. */
import fc from "fast-check";
import { paragraph, writePdf } from "./pdf_writer.ts";
import { read } from "./sound_document.ts";

const encoder = new TextEncoder();
const markdown =
  "---\ntitle: x\n---\n# A *b*\n\n- a\n  - b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n> q\n\n$a*b$ [l](u)\n";
const html = `<!doctype html><html lang=en><title>T</title><meta charset=utf-8><body><article><h1>T</h1><p>${
  "Some words, and more of them. ".repeat(20)
}</p><ul><li>a<ol><li>b</ol></ul><table><tr><td>1<td>2</table><pre>c</pre></article></body></html>`;
const seeds: Record<string, Uint8Array> = {
  "a.md": encoder.encode(markdown),
  "a.html": encoder.encode(html),
  "a.txt": encoder.encode("Title\n\nOne ä 漢字 😀.\r\n\r\nTwo."),
  "a.jsonl": encoder.encode('{"text": "a\\n\\nb", "id": 1, "metadata": {"k": "v"}}\n{"text": "c"}\n'),
  "a.pdf": writePdf([paragraph(["One line", "and two."]), paragraph(["Page two."])], { info: { Title: "T" } }),
};

/** Bytes changed, cut out, doubled or put in. */
const mutation = fc.record({
  kind: fc.constantFrom("set", "cut", "double", "insert"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 40 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

function mutated(bytes: Uint8Array, mutations: readonly (typeof mutation extends fc.Arbitrary<infer T> ? T : never)[]) {
  for (const { kind, at, length, bytes: given } of mutations) {
    const start = Math.floor(at * bytes.length);
    const [before, part, after] = [
      bytes.slice(0, start),
      bytes.slice(start, start + length),
      bytes.slice(start + length),
    ];
    const middle =
      { set: [given, part.slice(given.length)], cut: [], double: [part, part], insert: [given, part] }[kind];
    bytes = Uint8Array.from([before, ...middle ?? [], after].flatMap((each) => [...each]));
  }
  return bytes;
}

for (const [source, seed] of Object.entries(seeds)) {
  Deno.test(`readDocument() never throws at a mutated ${source}`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 6 }), async (mutations) => {
        await read(source, mutated(seed, mutations));
      }),
      { numRuns: 60 },
    ));
}

Deno.test("readDocument() never throws at any bytes by any name", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(seeds), "a", "a.zip"),
      fc.option(
        fc.constantFrom(
          "text/html; charset=x",
          "application/pdf",
          "text/plain",
          "image/png",
          ";;",
          "application/x-ndjson",
        ),
      ),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom("", "%PDF-1.5\n", "\ufeff", "<p>", '{"text": "'),
      async (source, mediaType, bytes, start) => {
        await read(source, Uint8Array.from([...encoder.encode(start), ...bytes]), {
          mediaType: mediaType ?? undefined,
        });
      },
    ),
    { numRuns: 150 },
  ));
