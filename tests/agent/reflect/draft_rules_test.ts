import assert from "node:assert/strict";
import fc from "fast-check";
import { checkByRules, reflectionCases } from "../../../lib/agent/reflect/mod.ts";
import { anyTextWith } from "../../support/any_text.ts";
import { FAULTY, MENDED, RIGHT, WARFARIN } from "./warfarin_case.ts";

const kinds = (draft: string, input: Partial<typeof WARFARIN> = {}) =>
  checkByRules({ ...WARFARIN, ...input, draft }).map(({ kind }) => kind);

Deno.test("checkByRules() finds advice against a warning of the evidence that fits the profile", () => {
  const [problem, ...others] = checkByRules(WARFARIN);
  assert.deepEqual(others, []);
  assert.deepEqual(problem, {
    kind: "contraindication",
    quote: FAULTY,
    reason: "You take warfarin: aspirin is to be avoided [2].",
    instead: MENDED,
  });
  assert.deepEqual(kinds(FAULTY, { profile: { age: 60, medicines: ["ibuprofen"] } }), []);
  // Allergic to warfarin is not on warfarin.
  assert.deepEqual(kinds(FAULTY, { profile: { allergies: ["warfarin"] } }), []);
});

Deno.test("checkByRules() lets warnings be, and praise only beside a warning", () => {
  assert.deepEqual(kinds(`${MENDED} ${RIGHT}`), []);
  assert.deepEqual(kinds("Aspirin helps with a headache [1]."), ["contraindication"]);
  assert.deepEqual(kinds(`Aspirin helps with a headache [1]. ${MENDED}`), []);
  assert.deepEqual(kinds(`${FAULTY} ${MENDED}`), ["contraindication"]);
});

Deno.test("checkByRules() knows who is meant by a warning", () => {
  const warned = (evidence: string, profile: typeof WARFARIN.profile, draft = "You can take zibalol [1].") =>
    kinds(draft, { evidence: [evidence], profile }).includes("contraindication");
  const pregnant = { pregnant: true };
  assert.ok(warned("Pregnant women should avoid zibalol: it harms.", pregnant));
  assert.ok(!warned("Pregnant women should avoid zibalol: it harms.", { pregnant: false }));
  assert.ok(warned("Zibalol must not be taken in pregnancy, because it harms.", pregnant));
  assert.ok(warned("Zibalol is not safe for people with asthma or glaucoma.", { conditions: ["glaucoma"] }));
  assert.ok(warned("Do not take zibalol if you have diabetes.", { conditions: ["type 2 diabetes"] }));
  assert.ok(!warned("People with severe asthma should not use zibalol.", { conditions: ["asthma"] }));
  assert.ok(warned("People over 65 should avoid zibalol.", { age: 70 }));
  assert.ok(!warned("People over 65 should avoid zibalol.", { age: 40 }));
  assert.ok(!warned("Babies under one year must not eat honey.", { age: 10 }, "You can try honey [1]."));
  assert.ok(warned("Children and teenagers should not take aspirin.", { age: 15 }, "You can take aspirin [1]."));
  assert.ok(warned("NSAIDs should be avoided in pregnancy.", pregnant, "You can take ibuprofen [1]."));
  assert.ok(warned("It eases pain.", { allergies: ["penicillin"] }, "You can take amoxicillin [1]."));
  assert.ok(!warned("It eases pain.", { allergies: ["penicillin"] }, "You can take ibuprofen [1]."));
});

Deno.test("checkByRules() finds citations of nothing, of something else, of no warning, and numbers that stand nowhere", () => {
  assert.deepEqual(kinds("Ginger eases a headache [7]."), ["invented evidence"]);
  assert.deepEqual(kinds("Ginger eases a headache [0]."), ["invented evidence"]);
  assert.deepEqual(kinds("Ginger soothes stomach cramps [1]."), ["invented evidence"]);
  assert.deepEqual(kinds("Because you take warfarin, avoid aspirin [1]."), ["invented evidence"]);
  assert.deepEqual(kinds("Rest in a dark room eases a headache in 90 of 100 people [3]."), ["invented evidence"]);
  assert.deepEqual(kinds("Rest in a dark room can ease a headache [2, 3]."), []);
});

Deno.test("checkByRules() finds doses that the evidence does not hold", () => {
  assert.deepEqual(kinds("Take 50 mg of zibalol 3 times a day."), ["dosing"]);
  const evidence = ["Adults take 50 mg of zibalol 3 times a day."];
  assert.deepEqual(kinds("Take 50 mg of zibalol 3 times a day [1].", { evidence }), []);
  assert.deepEqual(kinds("Take 80 mg of zibalol 3 times a day [1].", { evidence }), ["dosing"]);
  const [{ instead }] = checkByRules({ ...WARFARIN, draft: "Take 50 mg of zibalol daily." });
  assert.equal(instead, "Ask a doctor or pharmacist about the dose of zibalol.");
});

Deno.test("checkByRules() finds nearly all of three kinds in generated drafts, and nothing in right sentences", () => {
  let [found, faults] = [0, 0];
  for (const { problems, kind, ...input } of reflectionCases({ seed: "rules", perKind: 60 })) {
    const given = checkByRules(input);
    for (const problem of problems.filter((one) => one.kind !== "off topic")) {
      faults++;
      if (given.some((one) => one.kind === problem.kind && one.quote === problem.quote)) found++;
    }
    for (const one of given) {
      assert.ok(
        problems.some(({ quote }) => quote === one.quote),
        `${kind}: ${one.reason} ${one.quote} ${JSON.stringify(input)}`,
      );
    }
  }
  assert.ok(faults >= 180 && found >= 0.98 * faults, `${found} of ${faults}`);
});

Deno.test("checkByRules() is silent where articles are told as they are", async () => {
  const wrong: string[] = [];
  let sentences = 0;
  for await (const { name } of Deno.readDir("data/library/medicine")) {
    const article = await Deno.readTextFile(`data/library/medicine/${name}`);
    const text = article.replace(/^---[\s\S]*?---/, "").replace(/^##.*$/gm, "").replace(/(?<!\n)\n(?!\n)/g, " ");
    for (const passage of text.split(/\n\s*\n/).map((part) => part.trim()).filter((part) => part !== "")) {
      for (const sentence of passage.split(/(?<=\.)\s+/)) {
        sentences++;
        const draft = `${sentence.replace(/\.$/, "")} [1].`;
        if (checkByRules({ profile: {}, evidence: [passage], question: "?", draft }).length > 0) wrong.push(sentence);
      }
    }
  }
  assert.ok(sentences > 1000);
  assert.deepEqual(wrong, []);
});

Deno.test("checkByRules() reads any draft, evidence and profile, and quotes what stands in the draft", () => {
  const parts = [
    "You can take",
    "aspirin",
    "[1]",
    "[9]",
    ".",
    "50 mg",
    "should avoid",
    "People with",
    "asthma",
    "\n",
    "not",
    "twice a day",
  ];
  const text = anyTextWith(parts, { maxLength: 150, maxParts: 30 });
  const names = fc.array(text, { maxLength: 2 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 3 }), names, names, (draft, evidence, allergies, conditions) => {
      const input = { profile: { allergies, conditions, medicines: conditions }, evidence, question: draft, draft };
      for (const { quote } of checkByRules(input)) assert.ok(draft.includes(quote));
    }),
  );
});
