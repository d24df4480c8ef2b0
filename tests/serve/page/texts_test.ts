import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { wholeSentences } from "../../../lib/serve/page/announcer.js";
import { markdownOf } from "../../../lib/serve/page/export.js";
import { cutAtSpans } from "../../../lib/serve/page/marked_text.js";
import { blocksOf } from "../../../lib/serve/page/rich_text.js";
import { duration } from "../../../lib/serve/page/stages.js";
import { anyText } from "../../support/any_text.ts";
import { answerMessage, EVIDENCE } from "./scripts.ts";

Deno.test("cutAtSpans() marks exactly the spans' characters and loses none, whatever the spans", () => {
  const offset = fc.integer({ min: -5, max: 60 });
  fc.assert(
    fc.property(anyText(), fc.array(fc.record({ start: offset, end: offset }), { maxLength: 6 }), (text, spans) => {
      const pieces = cutAtSpans(text, spans);
      equal(pieces.map((piece) => piece.text).join(""), text);
      ok(pieces.every((piece) => piece.text !== ""));
      const marked = pieces.flatMap((piece) => Array<boolean>(piece.text.length).fill(piece.isMarked));
      marked.forEach((isMarked, at) =>
        equal(isMarked, spans.some(({ start, end }) => start <= at && at < end), `${at}`)
      );
      pieces.slice(1).forEach((piece, i) => ok(!(piece.isMarked && pieces[i].isMarked), "marks that touch are one"));
    }),
  );
});

Deno.test("blocksOf() finds paragraphs and lists, and keeps everything else as text", () => {
  deepEqual(blocksOf("Do this:\n- rest\n* drink\n\nThen\nwait.\n\n1. a\n2) b\n# no heading\n\n<b>"), [
    { kind: "p", lines: ["Do this:"] },
    { kind: "ul", lines: ["rest", "drink"] },
    { kind: "p", lines: ["Then", "wait."] },
    { kind: "ol", lines: ["a", "b"] },
    { kind: "p", lines: ["# no heading"] },
    { kind: "p", lines: ["<b>"] },
  ]);
  deepEqual(blocksOf(""), []);
});

Deno.test("wholeSentences() holds the last one back until it is whole", () => {
  deepEqual(wholeSentences("Rest. Drink water! And"), { sentences: ["Rest.", "Drink water!"], rest: "And" });
  deepEqual(wholeSentences("Take 2.5"), { sentences: [], rest: "Take 2.5" });
});

Deno.test("markdownOf() writes questions, answers, audit and passages, and lets no markup through", () => {
  const text = markdownOf({
    id: "x",
    title: "Is ![this](http://evil.example/a.png) safe?",
    messages: [
      { id: "1", role: "user", content: "Is it safe?\n# really" },
      answerMessage("No <script>alert(1)</script> [1].", {
        evidence: [{ ...EVIDENCE[2], number: 1, text: "A [link](http://evil.example)\n\n# heading" }],
        critique: { verdict: "revise", problems: [{ kind: "dosing", quote: "take `400` mg" }] },
        outcome: "emergency",
      }),
    ],
  });
  equal(
    text,
    String.raw`# Is !\[this\](http://evil.example/a.png) safe?

> Is it safe?
> \# really

**This may be an emergency.**

No \<script\>alert(1)\</script\> \[1\].

*Audited: revise (dosing: “take \`400\` mg”)*

1. Migraine (medicine/migraine.md, medium risk): A \[link\](http://evil.example) # heading

*Written by a language model. Not medical advice.*
`,
  );
});

Deno.test("duration() is read at a glance", () => {
  deepEqual([0.4, 999, 1240, 59_960, 61_000].map(duration), ["0 ms", "999 ms", "1.2 s", "60.0 s", "1 min 1 s"]);
});
