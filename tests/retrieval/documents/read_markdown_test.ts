import assert from "node:assert/strict";
import { blocksOf, readOne } from "./sound_document.ts";

Deno.test("readDocument() reads the blocks of Markdown without its signs", async () => {
  const document = await readOne(
    "notes/a.md",
    `---
title: "About: rabbits"
author: Ann Bell # a comment
tags: [animals, 'long ears']
places:
  - hedge
  - burrow
nested:
  deep: left out
---

# Rabbits and *hares*

They **eat** [grass](http://example.org "x") &amp; \`roots\`, see ![a picture](a.png)<br>and <kbd>more</kbd>.
Line two.

Food
----

- grass
  - green
- [x] hay

  and oats

3. first
4. second

| food | share |
| ---- | ----: |
| *grass* | 80 % |

\`\`\`ts
  dig();
\`\`\`

> Quoted
> words.
>
> - in a list

<div align="center"><p>Some <i>HTML</i></p></div>

***

[ref]: http://example.org
`,
  );
  assert.equal(document.title, "About: rabbits");
  assert.deepEqual(document.metadata, { author: "Ann Bell", tags: "animals, long ears", places: "hedge, burrow" });
  assert.deepEqual(blocksOf(document), [
    ["heading", "Rabbits and hares"],
    ["paragraph", "They eat grass & roots, see a picture\nand more.\nLine two."],
    ["heading", "Food"],
    ["list", "- grass\n  - green\n- hay\n  and oats"],
    ["list", "3. first\n4. second"],
    ["table", "food | share\ngrass | 80 %"],
    ["code", "  dig();"],
    ["quote", "Quoted\nwords."],
    ["list", "- in a list"],
    ["paragraph", "Some HTML"],
  ]);
  assert.deepEqual(document.blocks[3].headings, ["Rabbits and hares", "Food"]);
});

Deno.test("readDocument() leaves formulas of Markdown as they are, and prices", async () => {
  const { text } = await readOne(
    "a.md",
    "With $a*b*c$ and \\(x_1 * y_1 * z\\), $5 and $6.\n\n$$\na*b*c\n- d_1_\n$$\n\nEnd *here*.",
  );
  assert.equal(text, "With $a*b*c$ and \\(x_1 * y_1 * z\\), $5 and $6.\n\n$$\na*b*c\n- d_1_\n$$\n\nEnd here.");
});

Deno.test("readDocument() takes a Markdown file's title from its widest heading, else its name", async () => {
  const title = async (markdown: string) => (await readOne("notes/my file.v2.md", markdown)).title;
  assert.equal(await title("## Before\n\n# Widest\n\n# Later"), "Widest");
  assert.equal(await title("Only text."), "my file.v2");
  assert.equal(await title("---\n\nA rule, no front matter\n\n---\n\ntext"), "my file.v2");
  assert.equal(await title("---\nTitle without field\n---\n\ntext"), "Title without field");
});

Deno.test("readDocument() survives Markdown that nests without end", async () => {
  for (const sign of [">", "- ", "[", "*a ", "_a__", "<a ", "`a``", "1. ", "|a", "$a "]) {
    assert.ok(
      (await readOne("a.md", `${sign.repeat(sign === ">" ? 20_000 : 3000)} the end`)).text.includes("the end"),
      sign,
    );
  }
});

Deno.test("readDocument() reads front matter in the forms that YAML has for a line", async () => {
  const read = async (markdown: string) => {
    const { title, metadata, text } = await readOne("a.md", markdown);
    return [title, metadata, text];
  };
  assert.deepEqual(await read("---\ntitle: 'It''s here' # now\n---\nx"), ["It's here", {}, "x"]);
  assert.deepEqual(await read('---\ntitle: "Say \\"hi\\""\n---\nx'), ['Say "hi"', {}, "x"]);
  assert.deepEqual(await read("---\ntítulo: uno\n\"author\": Ann\n'by': Bo\n---\nx"), [
    "a",
    { título: "uno", author: "Ann", by: "Bo" },
    "x",
  ]);
  assert.deepEqual(await read("---\ntags: [a, \"b, c\", 'd''s']\n---\nx"), ["a", { tags: "a, b, c, d's" }, "x"]);
  assert.deepEqual(await read("\ufeff---\r\ntitle: T\r\nlist:\r\n- a\r\n\r\n# why\r\nmore: [\r\n]\r\n...\r\nx"), [
    "T",
    { list: "a", more: "[" },
    "x",
  ]);
  assert.deepEqual(await read("---\ntitle: T\n2024: year\n<<: *base\n---\nx"), ["T", {}, "x"]);
});

Deno.test("readDocument() keeps text between rules that begins like front matter", async () => {
  const { text, metadata } = await readOne("a.md", "---\nNote: this is old.\n\nAnd this is prose.\n\n---\n\nThe end.");
  assert.equal(text, "Note: this is old.\n\nAnd this is prose.\n\nThe end.");
  assert.deepEqual(metadata, {});
});

Deno.test("readDocument() takes time that grows with a Markdown file's length", async () => {
  // Each of these took minutes or hours.
  const texts = [
    "* ".repeat(100_000),
    "> - ".repeat(50_000),
    "> a\nb\n".repeat(100_000),
    `- a\n${"  word word word\n".repeat(40_000)}`,
    `---\ntitle: a${" ".repeat(500_000)}b\n---\n`,
    `---\ntitle: [${'\\"'.repeat(200_000)}]\n---\n`,
  ];
  for (const text of texts) assert.match((await readOne("a.md", `${text}\n\nthe end`)).text, /the end$/);
});

Deno.test("readDocument() keeps lists, quotes and underlined headings that are long, in parts where they are too long", async () => {
  const item = "- An item of a list, with a **word** that is set bold.";
  const list = await readOne("a.md", `${item}\n`.repeat(6000));
  assert.ok(list.blocks.every(({ kind }) => kind === "list") && list.blocks.length < 6);
  assert.equal(list.text.replaceAll("\n\n", "\n"), `${item.replaceAll("*", "")}\n`.repeat(6000).trim());
  const quote = await readOne("a.md", "> Quoted words.\n".repeat(20_000));
  assert.ok(quote.blocks.every(({ kind }) => kind === "quote"));
  assert.equal(quote.text.match(/Quoted words\./g)?.length, 20_000);
  const titled = await readOne("a.md", `Two\nlines\n---\n\n${"word\n".repeat(1000)}===\n`);
  assert.deepEqual(blocksOf(titled)[0], ["heading", "Two lines"]);
});

Deno.test("readDocument() reads Markdown with any number of headings", async () => {
  const { title, blocks } = await readOne("a.md", `${"## a\n".repeat(150_000)}# The widest\n`);
  assert.deepEqual([title, blocks.length], ["The widest", 150_001]);
});
