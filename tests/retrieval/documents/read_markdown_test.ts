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
