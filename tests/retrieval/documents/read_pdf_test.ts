import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pdfBlocks } from "../../../lib/retrieval/documents/pdf_blocks.ts";
import { pdfLines } from "../../../lib/retrieval/documents/pdf_lines.ts";
import { assertStreamsFit } from "../../../lib/retrieval/documents/pdf_streams.ts";
import { paragraph, writePdf, writePdfStreams } from "./pdf_writer.ts";
import { blocksOf, read, readOne } from "./sound_document.ts";

const golden = (name: string) => Deno.readFile(new URL(`../../golden/documents/${name}`, import.meta.url));

Deno.test("readDocument() rebuilds headings and paragraphs of a PDF and keeps pages", async () => {
  const pages = [
    [
      { text: "On Rabbits", x: 72, y: 780, size: 24 },
      { text: "Food", x: 72, y: 740, size: 16 },
      ...paragraph([
        "Rabbits eat grass and the long-",
        "est carrots that grow in well-",
        "kept gardens. A well-kept garden is rare.",
        "",
        "They drink little, and on dry days they",
      ], 710),
    ],
    [
      ...paragraph(["drink nothing at all."], 760),
      { text: "Sleep", x: 72, y: 730, size: 16 },
      ...paragraph(["By day."], 700),
    ],
  ];
  const document = await readOne(
    "a.pdf",
    writePdf(pages, { info: { Author: "Ann Bell", CreationDate: "D:20240131120000" } }),
  );
  assert.equal(document.title, "On Rabbits");
  assert.equal(document.mediaType, "application/pdf");
  assert.deepEqual(document.metadata, { author: "Ann Bell", created: "2024-01-31" });
  assert.deepEqual(blocksOf(document), [
    ["heading", "On Rabbits"],
    ["heading", "Food"],
    [
      "paragraph",
      "Rabbits eat grass and the longest carrots that grow in well-kept gardens. A well-kept garden is rare.",
    ],
    ["paragraph", "They drink little, and on dry days they drink nothing at all."],
    ["heading", "Sleep"],
    ["paragraph", "By day."],
  ]);
  assert.deepEqual(document.blocks.map(({ page }) => page), [1, 1, 1, 1, 2, 2]);
  assert.deepEqual(document.blocks[5].headings, ["On Rabbits", "Sleep"]);
});

Deno.test("readDocument() takes the title that a PDF names, unless it is a file's name", async () => {
  const pages = [paragraph(["Some text."])];
  assert.equal((await readOne("b/report.pdf", writePdf(pages, { info: { Title: "A Report" } }))).title, "A Report");
  for (const Title of ["thesis.docx", "Microsoft Word - x", "untitled"]) {
    assert.equal((await readOne("b/report.pdf", writePdf(pages, { info: { Title } }))).title, "report");
  }
});

Deno.test("readDocument() leaves out running heads and page numbers, not the text between", async () => {
  const pages = Array.from({ length: 5 }, (_, index) => [
    { text: "Proceedings of the Burrow", x: 72, y: 815, size: 9 },
    { text: `Chapter ${index + 1}`, x: 72, y: 780, size: 18 },
    ...paragraph(
      [`The text of page number ${"one two three four five".split(" ")[index]}.`, "Every page says this."],
      740 - index,
    ),
    { text: `${index + 1} of 5`, x: 280, y: 30, size: 9 },
  ]);
  const { text } = await readOne("a.pdf", writePdf(pages, { compress: true }));
  assert.doesNotMatch(text, /Proceedings|of 5/);
  assert.equal(text.match(/Chapter \d/g)?.length, 5);
  assert.equal(text.match(/Every page says this/g)?.length, 5);
});

Deno.test("readDocument() shortens the dots of a table of contents, whose lines are no headings", async () => {
  const lines = [
    { text: "Contents", x: 72, y: 780, size: 18 },
    { text: "1 Food . . . . . . . . . . . . 3", x: 72, y: 740, size: 18 },
    ...paragraph(["2 Sleep...................12", "And a text of a few words more."], 700),
  ];
  assert.deepEqual(blocksOf(await readOne("a.pdf", writePdf([lines]))).slice(0, 2), [
    ["heading", "Contents"],
    ["paragraph", "1 Food … 3"],
  ]);
});

Deno.test("readDocument() reads the columns of a PDF one after the other", async () => {
  const column = (x: number, lines: string[]) => paragraph(lines).map((line) => ({ ...line, x }));
  const { text } = await readOne(
    "a.pdf",
    writePdf([[
      ...column(60, ["The left column begins here", "and goes on to the foot of"]),
      ...column(320, ["the page and over to the", "right column."]),
    ]]),
  );
  assert.equal(text, "The left column begins here and goes on to the foot of the page and over to the right column.");
});

Deno.test("readDocument() tells apart encrypted PDFs and those that every viewer opens", async () => {
  const { failures } = await read("a.pdf", await golden("asks_for_password.pdf"));
  assert.deepEqual(failures.map(({ kind }) => kind), ["encrypted"]);
  assert.match(failures[0].message, /password/);
  assert.equal((await readOne("a.pdf", await golden("owner_password_only.pdf"))).text, "The burrow has two exits.");
});

Deno.test("readDocument() says what is wrong with a PDF", async () => {
  const kindOf = async (...parameters: Parameters<typeof read>) => (await read(...parameters)).failures[0]?.kind;
  const whole = writePdf([paragraph(["One."]), paragraph(["Two."])]);
  assert.equal(await kindOf("a.pdf", "%PDF-1.4 and nothing more"), "broken");
  assert.equal(await kindOf("a.pdf", "no PDF at all"), "broken");
  assert.equal(await kindOf("a.pdf", whole.subarray(0, 60)), "broken");
  assert.equal(await kindOf("scan.pdf", writePdf([[]])), "empty");
  assert.equal(await kindOf("a.pdf", whole, { maxPages: 1 }), "too large");
  assert.equal(await kindOf("a.pdf", whole, { maxBytes: 100 }), "too large");
  assert.equal(await kindOf("a.pdf", whole, { maxCharacters: 5 }), "too large");
  // A lost end is repaired.
  assert.equal((await readOne("a.pdf", whole.subarray(0, whole.length - 20))).text, "One.\n\nTwo.");
});

Deno.test("readDocument() does not unpack a PDF bomb", () => {
  const bomb = writePdfStreams([new Uint8Array(3_000_000)], { compress: true });
  assert.ok(bomb.length < 10_000);
  assert.throws(() => assertStreamsFit(bomb, 1_000_000), { kind: "too large" });
  assertStreamsFit(bomb, 4_000_000);
  assertStreamsFit(writePdf([paragraph(["One."])], { compress: true }), 1_000_000);
});

Deno.test("readDocument() looks into parts of a PDF whose filter is named elsewhere, and is not led astray by a title", () => {
  const bomb = Buffer.from(writePdfStreams([new Uint8Array(3_000_000)], { compress: true }));
  const elsewhere = Buffer.from(bomb.toString("latin1").replace("/Filter /FlateDecode", "/Filter 99 0 R"), "latin1");
  assert.throws(() => assertStreamsFit(elsewhere, 1_000_000), { kind: "too large" });
  const titled = writePdfStreams([new Uint8Array(3_000_000)], { compress: true, info: { Title: "On the stream" } });
  assert.throws(() => assertStreamsFit(titled, 1_000_000), { kind: "too large" });
});

Deno.test("pdfBlocks() and pdfLines() take time that grows with the text, and any number of lines", () => {
  const line = { left: 72, right: 300, fontSize: 11 };
  // A table without end; each of these took minutes, or more stack than there is.
  for (const text of ["one of many lines", "one of many lines.", "a word that is divi-"]) {
    const lines = Array.from({ length: 200_000 }, (_, at) => ({ ...line, text, page: 1, baseline: -14 * at }));
    const blocks = pdfBlocks([lines]);
    assert.equal(blocks.map((block) => block.text).join(" ").match(/\b(?:lines|divi)/g)?.length, 200_000);
  }
  const pieces = Array.from({ length: 300_000 }, (_, at) => ({
    str: "a",
    transform: [10, 0, 0, 10, 20 * at, 700],
    width: 5,
    hasEOL: false,
  }));
  assert.equal(pdfLines(pieces, 1)[0].text, "a ".repeat(300_000).trim());
});

Deno.test("readDocument() keeps the rows of a table that goes over pages, and pages of one line each", async () => {
  const rows = Array.from({ length: 100 }, (_, at) => `${at} carrots cost ${3 * at} coins`);
  const pages = [0, 25, 50, 75].map((start) => [
    { text: "Price list", x: 72, y: 815, size: 9 },
    ...paragraph(rows.slice(start, start + 25)),
    { text: `Page ${start}`, x: 280, y: 30, size: 9 },
  ]);
  assert.equal((await readOne("a.pdf", writePdf(pages))).text.replace(/\s+/g, " "), rows.join(" "));
  const slides = rows.map((text) => paragraph([text]));
  assert.equal((await readOne("a.pdf", writePdf(slides))).text.replace(/\s+/g, " "), rows.join(" "));
});

Deno.test("readDocument() says that a PDF takes a character map for granted, which no reader here has", async () => {
  const font = "/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding";
  const foreign = "/Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /UniJIS-UCS2-H /DescendantFonts [<< /Type /Font " +
    "/Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>]";
  const pdf = Buffer.from(writePdf([paragraph(["ab"])])).toString("latin1").replace(font, foreign);
  const { failures: [{ kind, message }] } = await read("a.pdf", Uint8Array.from(Buffer.from(pdf, "latin1")));
  assert.equal(kind, "unsupported");
  assert.match(message, /set in UniJIS-UCS2-H, which the file does not hold\. Save it with its fonts embedded/);
});

Deno.test("readDocument() takes no metadata from programs that were told nothing", async () => {
  const info = { Title: "(anonymous)", Author: "anonymous", Subject: "unspecified", Keywords: "Unknown" };
  const { title, metadata } = await readOne("b/report.pdf", writePdf([paragraph(["Some text."])], { info }));
  assert.deepEqual([title, metadata], ["report", {}]);
});
