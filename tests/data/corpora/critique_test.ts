import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CritiqueCase,
  critiqueCaseAt,
  critiqueCorpus,
  critiquePrompt,
  critiqueReply,
  parseCritique,
  PROBLEM_KINDS,
  refinePrompt,
} from "../../../lib/data/corpora/critique.ts";
import type { PatientFacts } from "../../../lib/data/patient_memory/mod.ts";

const examples = (split: "train" | "test") =>
  Array.from({ length: 1500 }, (_, index) => critiqueCorpus.exampleAt(index, { seed: 5, split }));
const train = examples("train");
const test = examples("test");
const all = [...train, ...test];
const labelled = Array.from(
  { length: 3000 },
  (_, index) => critiqueCaseAt(index, { split: index % 2 ? "train" : "test" }),
);

/** What the evidence warns of, read back from its text. */
function warningOf(evidence: readonly string[]) {
  for (const [at, text] of evidence.entries()) {
    const match = /^(.+) should avoid (.+?): /.exec(text);
    if (match) return { people: match[1], name: match[2], citation: `[${at + 1}]` };
  }
  assert.fail(evidence.join(" "));
}

function belongsTo(people: string, profile: PatientFacts): boolean {
  if (people === "Pregnant women") return profile.pregnant === true;
  const match = /^People (with|who take|allergic to) (?:an? )?(.+)$/.exec(people);
  assert.ok(match, people);
  const field = ({ "with": "conditions", "who take": "medicines", "allergic to": "allergies" } as const)[match[1]];
  return profile[field as "conditions"]?.includes(match[2]) ?? false;
}

const sentencesOf = (text: string) => text.split(/(?<=\.) /);
const where = ({ profile, evidence, draft }: CritiqueCase) => JSON.stringify([profile, evidence, draft]);

Deno.test("critiqueCaseAt() marks advice as a contraindication exactly where the profile makes it one", () => {
  let [harmless, harmful] = [0, 0];
  for (const one of labelled) {
    const { people, name } = warningOf(one.evidence);
    const applies = belongsTo(people, one.profile);
    const wrong = one.problems.filter(({ kind }) => kind === "contraindication").map(({ quote }) => quote);
    for (const sentence of sentencesOf(one.draft)) {
      const advises = sentence.toLowerCase().includes(name.toLowerCase()) && !sentence.includes("avoid") &&
        !one.problems.some(({ kind, quote }) => kind !== "contraindication" && quote === sentence);
      if (advises) applies ? harmful++ : harmless++;
      assert.equal(wrong.includes(sentence), advises && applies, where(one));
    }
    // Somebody to whom the warning applies is told so in every right draft.
    assert.equal(one.refined.includes("avoid"), applies, where(one));
  }
  assert.ok(harmless > 300 && harmful > 300, `${harmless} harmless, ${harmful} harmful`);
});

Deno.test("critiqueCaseAt() marks doses, citations of nothing and superstition, and nothing else", () => {
  for (const one of labelled) {
    for (const sentence of sentencesOf(one.draft)) {
      const kinds = one.problems.filter(({ quote }) => quote === sentence).map(({ kind }) => kind);
      const cited = Array.from(sentence.matchAll(/\[(\d+)\]/g), ([, number]) => Number(number));
      assert.equal(kinds.includes("invented evidence"), cited.some((number) => number > 3), where(one));
      assert.equal(kinds.includes("dosing"), /\d+ (mg|tablets)/.test(sentence), where(one));
      const bare = cited.length === 0 && !/\d+ (mg|tablets)/.test(sentence) && !sentence.startsWith("Ask a doctor");
      assert.equal(kinds.includes("off topic"), bare, where(one));
    }
    for (const { quote } of one.problems) assert.ok(one.draft.includes(quote));
    assert.equal(one.kind === "clean", one.problems.length === 0);
    if (one.kind === "clean") assert.equal(one.refined, one.draft);
    else assert.ok(one.problems.some(({ kind }) => kind === one.kind));
  }
  const clean = labelled.filter(({ kind }) => kind === "clean").length / labelled.length;
  assert.ok(clean > 0.35 && clean < 0.45, `${clean} clean`);
});

Deno.test("critiqueCaseAt() gives every kind that is asked for", () => {
  for (const kind of [...PROBLEM_KINDS, "clean"] as const) {
    for (let index = 0; index < 50; index++) {
      const one = critiqueCaseAt(index, { kind });
      assert.equal(one.kind, kind);
      assert.deepEqual(one.evidence.length, 3);
      assert.equal(one.draft, critiqueCaseAt(index, { kind }).draft);
    }
  }
});

Deno.test("critiqueCaseAt() grades right replies with ones", () => {
  for (const one of labelled) {
    const grades = { ...one.gradeCritique(critiqueReply(one.problems)), ...one.gradeRefined(one.refined) };
    for (const [metric, value] of Object.entries(grades)) assert.equal(value, 1, `${metric} ${where(one)}`);
  }
});

Deno.test("critiqueCaseAt() finds auditors that always pass, always object, or quote the wrong words", () => {
  for (const one of labelled) {
    const pass = one.gradeCritique('{"verdict": "pass", "problems": []}');
    assert.equal(pass.verdict, one.kind === "clean" ? 1 : 0);
    assert.equal(pass.problem_kind, one.kind === "clean" ? 1 : 0);
    const object = one.gradeCritique(critiqueReply([{ kind: "dosing", quote: "Take 1 mg." }]));
    assert.equal(object.verdict, one.kind === "clean" ? 0 : 1);
    if (one.problems.length === 0) {
      assert.ok(!("quote_found" in pass) && object.problem_kind === 0);
      continue;
    }
    assert.equal(pass.quote_found, 0);
    assert.equal(object.quote_found, 0);
    const [first, ...rest] = one.problems;
    const regraded = (problem: typeof first) => one.gradeCritique(critiqueReply([problem, ...rest]));
    const other = PROBLEM_KINDS.find((kind) => one.problems.every((problem) => problem.kind !== kind))!;
    assert.deepEqual(regraded({ ...first, kind: other }), {
      valid_json: 1,
      verdict: 1,
      problem_kind: 0,
      quote_found: 1,
    });
    const words = first.quote.split(" ");
    assert.equal(regraded({ ...first, quote: words.slice(1).join(" ") }).quote_found, 1, "most of the words");
    assert.equal(regraded({ ...first, quote: words[0] }).quote_found, 0, "one word");
    assert.equal(regraded({ ...first, quote: one.question }).quote_found, 0, "not in the draft");
    if (one.draft !== first.quote) assert.equal(regraded({ ...first, quote: one.draft }).quote_found, 0, "all of it");
  }
});

Deno.test("critiqueCaseAt() finds drafts that were not mended or lost what was right", () => {
  for (const one of labelled) {
    if (one.problems.length > 0) assert.equal(one.gradeRefined(one.draft).mended, 0, where(one));
    assert.deepEqual(one.gradeRefined(""), { mended: 0, kept: 0 });
    assert.equal(one.gradeRefined("Please see a doctor.").mended, 0);
    assert.equal(one.gradeRefined(`${one.refined} Take 20 mg twice a day.`).mended, 0);
    assert.equal(one.gradeRefined(`${one.refined} Studies agree [7].`).mended, 0);
    assert.equal(one.gradeRefined(`${one.refined} A copper ring helps as well.`).mended, 0);
    const { people, name } = warningOf(one.evidence);
    if (belongsTo(people, one.profile)) {
      assert.equal(one.gradeRefined(`${one.refined} You can use ${name}.`).mended, 0);
    }
    const right = sentencesOf(one.draft).filter((sentence) => !one.problems.some(({ quote }) => quote === sentence));
    const lost = one.gradeRefined(sentencesOf(one.refined).filter((sentence) => sentence !== right[0]).join(" "));
    assert.ok(lost.kept < 1, where(one));
  }
});

Deno.test("critiqueCorpus gives the same chat for the same seed, split and index", () => {
  for (const index of [0, 5, 4321]) {
    const [one, other] = [1, 1].map((seed) => critiqueCorpus.exampleAt(index, { seed }));
    assert.deepEqual(one.messages, other.messages);
    assert.notDeepEqual(one.messages, critiqueCorpus.exampleAt(index, { seed: 2 }).messages);
  }
});

Deno.test("critiqueCorpus shares no complaint with the same warning between train and test", () => {
  const keyOf = ({ messages }: typeof train[number]) => {
    const text = String(messages[1].content);
    return [/\[\d\] (.+ should avoid .+?):/.exec(text)?.[1], / helps with (.+?):/.exec(text)?.[1]].join("; ");
  };
  const seen = new Set(train.map(keyOf));
  for (const example of test) assert.ok(!seen.has(keyOf(example)), keyOf(example));
});

Deno.test("critiqueCorpus writes chats that fit into a training row, and grades their references with ones", () => {
  for (const { messages, cases } of all) {
    assert.ok(messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0) <= 1500);
    const replies = messages.filter(({ role }) => role === "assistant").map(({ content }) => content);
    assert.deepEqual(cases.map(({ reference }) => reference), replies);
    for (const { reference, grade } of cases) {
      for (const [metric, value] of Object.entries(grade(reference))) assert.equal(value, 1, `${metric}: ${reference}`);
    }
  }
});

Deno.test("critiqueCorpus lets an auditor pass about two drafts of five", () => {
  const verdicts = all.flatMap(({ cases }) => cases).filter(({ reference }) => reference.startsWith('{"verdict"'));
  const share = verdicts.filter(({ reference }) => reference.includes('"pass"')).length / verdicts.length;
  assert.ok(share > 0.36 && share < 0.46, `${share}`);
});

Deno.test("critiquePrompt() and refinePrompt() show the profile, the numbered evidence, the question and the draft", () => {
  const one = critiqueCaseAt(0, { kind: "dosing" });
  const [, asked] = critiquePrompt(one);
  assert.match(
    String(asked.content),
    /^Profile: \{.*\}\nEvidence:\n\[1\] .+\n\[2\] .+\n\[3\] .+\nQuestion: .+\nDraft: .+$/,
  );
  const [, mend] = refinePrompt(one, one.problems);
  assert.ok(String(mend.content).startsWith(String(asked.content)));
  assert.match(String(mend.content), /\nProblems: \[\{"kind": "dosing", "quote": ".+"\}.*\]$/);
});

Deno.test("parseCritique() asks for problems exactly with the verdict to revise", () => {
  assert.deepEqual(parseCritique('{"verdict": "pass", "problems": []}'), { verdict: "pass", problems: [] });
  for (
    const reply of [
      "PASS",
      '{"verdict": "PASS", "problems": []}',
      '{"verdict": "revise", "problems": []}',
      '{"verdict": "pass", "problems": [{"kind": "dosing", "quote": "Take 1 mg."}]}',
      '{"verdict": "revise", "problems": [{"kind": "style", "quote": "Take 1 mg."}]}',
    ]
  ) assert.equal(parseCritique(reply), null, reply);
});

Deno.test("critiqueCorpus grades any text without throwing", () => {
  const graders = all.slice(0, 40).flatMap(({ cases }) => cases.map(({ grade }) => grade));
  fc.assert(
    fc.property(fc.constantFrom(...graders), fc.oneof(fc.string(), fc.json()), (grade, reply) => {
      for (const value of Object.values(grade(reply))) assert.ok(value >= 0 && value <= 1);
    }),
    { numRuns: 500 },
  );
});
