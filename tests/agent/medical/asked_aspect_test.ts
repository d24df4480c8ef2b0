import assert from "node:assert/strict";
import fc from "fast-check";
import { articleNames, namedArticles } from "../../../lib/agent/medical/article_names.ts";
import { aspectFit, ASPECTS, aspectsAsked } from "../../../lib/agent/medical/asked_aspect.ts";
import { readQuestion } from "../../../lib/agent/medical/read_question.ts";
import { extractDraft, findEvidence } from "../../../lib/agent/medical/mod.ts";
import { readDocument } from "../../../lib/retrieval/documents/read_document.ts";
import { anyText } from "../../support/any_text.ts";
import { EVERYDAY_QUESTIONS } from "./everyday_questions.ts";
import { withKnowledge } from "./parts.ts";

async function namesOf(title: string, text: string, category = "condition") {
  const bytes = new TextEncoder().encode(`---\ntitle: ${title}\n---\n\n${text}\n`);
  const { documents: [document] } = await readDocument({ bytes, source: `${title}.md` });
  return articleNames(document, category);
}

Deno.test("aspectsAsked() reads what a question asks for from its words", () => {
  const asked = (question: string) => aspectsAsked(question).aspects.map(({ name }) => name);
  for (
    const [question, ...aspects] of [
      ["How is gout treated?", "treatment"],
      ["What helps against a migraine?", "treatment"],
      ["What are the symptoms of a stroke?", "signs"],
      ["What causes kidney stones?", "causes"],
      ["How can I prevent malaria?", "prevention"],
      ["How is pneumonia diagnosed?", "diagnosis"],
      ["What are the side effects of statins?", "side effects"],
      ["Is pink eye contagious?", "spread"],
      ["How do statins work?", "how it works"],
      ["What should I do for a burn?", "at once"],
      ["How long does a cold last?", "duration"],
      ["How long is the flu contagious?", "spread", "duration"],
      ["Is asthma hereditary?", "inheritance"],
      ["What is gout?", "what it is"],
      ["Which vitamin does warfarin block?"],
    ]
  ) assert.deepEqual(asked(question), aspects, question);
});

Deno.test("aspectFit() counts a sentence's own words and its heading", () => {
  const treatment = ASPECTS.find(({ name }) => name === "treatment")!;
  const fit = (sentence: string, ...headings: string[]) => aspectFit(treatment, sentence, headings);
  assert.deepEqual(fit("It is a joint disease.", "Causes"), { fit: 0, says: false });
  const byHeading = fit("It is red.", "Treatment");
  const byWords = fit("Tablets relieve it.", "Causes");
  const both = fit("Tablets relieve it.", "Treatment");
  assert.equal(byHeading.says, false);
  assert.equal(byWords.says, true);
  assert.ok(byHeading.fit < byWords.fit && byWords.fit < both.fit && both.fit === 1);
});

Deno.test("articleNames() finds other names in an article's own text", async () => {
  const names = async (...about: Parameters<typeof namesOf>) => (await namesOf(...about)).names;
  assert.deepEqual(await names("Pink eye", "Pink eye, or conjunctivitis, is an inflammation."), [
    "Pink eye",
    "conjunctivitis",
  ]);
  assert.deepEqual(await names("Diuretics", "Diuretics, often called water pills, make the kidneys work."), [
    "Diuretics",
    "water pills",
  ]);
  assert.deepEqual(await names("Burns", "Lumps called tophi can form."), ["Burns"]);
  assert.ok((await names("Influenza", "It is a virus.")).includes("flu"));
  const { members } = await namesOf("Beta blockers", "Their names end in -olol, such as metoprolol.", "medicine");
  assert.deepEqual(members, ["metoprolol"]);
});

Deno.test("namedArticles() takes the longest name, in any number and order of words", async () => {
  const articles = [
    await namesOf("Kidneys", "They lie at the back."),
    await namesOf("Kidney stones", "They hurt."),
    await namesOf("Ankle sprain", "It hurts."),
    await namesOf("Beta blockers", "Their names end in -olol, such as metoprolol.", "medicine"),
  ];
  const named = (text: string) => namedArticles(text, articles).named.map(({ source }) => source);
  assert.deepEqual(named("What helps a kidney stone?"), ["Kidney stones.md"]);
  assert.deepEqual(named("What does my kidney do?"), ["Kidneys.md"]);
  assert.deepEqual(named("How is a sprained ankle treated?"), ["Ankle sprain.md"]);
  assert.deepEqual(named("Is metoprolol safe?"), ["Beta blockers.md"]);
  assert.deepEqual(named("What helps against scabies?"), []);
});

Deno.test("readQuestion() finds two things that are asked about together", async () => {
  const articles = [await namesOf("Metformin", "It lowers blood sugar.", "medicine")];
  const pair = (question: string) => readQuestion(question, articles).pair?.map(({ stems }) => [...stems].join(" "));
  assert.deepEqual(pair("Can I take aspirin with warfarin?"), ["aspirin", "warfarin"]);
  assert.deepEqual(pair("Is it safe to drink wine while taking metformin?"), ["wine", "metformin"]);
  assert.equal(pair("How is gout treated?"), undefined);
  assert.equal(readQuestion("What are the side effects of metformin?", articles).isPlain, true);
  assert.equal(readQuestion("Does metformin turn the stool black as a side effect?", articles).isPlain, false);
});

Deno.test("readQuestion() reads whatever is written", async () => {
  const articles = [await namesOf("Gout", "It hurts.")];
  fc.assert(fc.property(anyText(), (text) => {
    const { rest, named, medicines, isPlain } = readQuestion(text, articles);
    assert.ok(!isPlain || (rest.size === 0 && named.length + medicines.length > 0));
  }));
});

Deno.test("extractDraft() quotes what answers everyday questions, and nothing beside the point", () =>
  withKnowledge(async (knowledge) => {
    const wrong: string[] = [];
    for (const { question, right } of EVERYDAY_QUESTIONS) {
      const found = await findEvidence(knowledge, { query: question, question, patient: [] });
      const { text, isRefusal, citations } = extractDraft(question, found);
      assert.ok(citations.every((citation) => citation.found), question);
      if (right === null ? !isRefusal : isRefusal || !right.test(text)) wrong.push(question);
    }
    const unanswered = EVERYDAY_QUESTIONS.filter(({ right }) => right === null).map(({ question }) => question);
    assert.deepEqual(wrong.filter((question) => unanswered.includes(question)), []);
    assert.ok(wrong.length <= 6, wrong.join("\n"));
  }, ["*.md"]));
