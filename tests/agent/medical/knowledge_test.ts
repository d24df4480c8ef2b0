import assert from "node:assert/strict";
import {
  articleMetadata,
  articleMetadata as describe,
  extractDraft,
  findEvidence,
  openKnowledge,
  riskOf,
} from "../../../lib/agent/medical/mod.ts";
import { readDocument } from "../../../lib/retrieval/documents/read_document.ts";
import { houseEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { withKnowledge } from "./parts.ts";

async function documentOf(markdown: string, source = "a_title.md") {
  const { documents: [document] } = await readDocument({ bytes: new TextEncoder().encode(markdown), source });
  return document;
}

Deno.test("articleMetadata() takes what the author wrote down", async () => {
  const document = await documentOf(
    "---\ntitle: Gout\ntopic: rheumatology\ncategory: condition\nlayer: clinical\nrisk_level: low\ncontent_type: guideline\n" +
      "data_sources: A society\nrelated_entities: Kidneys\nupdate_date: 2026-01-02\n---\n\nGout can be deadly, call an ambulance.\n",
  );
  const { id, topic, risk_level, content_type, data_sources, related_entities, update_date } = articleMetadata(
    document,
  );
  assert.deepEqual([id, topic, risk_level, content_type, data_sources, related_entities, update_date], [
    "a_title",
    "rheumatology",
    "low",
    "guideline",
    "A society",
    "Kidneys",
    "2026-01-02",
  ]);
});

Deno.test("articleMetadata() derives what is missing", async () => {
  const document = await documentOf(
    "---\ntitle: Beta blockers\n---\n\n## Uses\n\nThey treat angina. Never stop them; call an ambulance.\n",
  );
  const metadata = describe(document, {
    titles: ["Angina", "Beta blockers", "Gout"],
    defaults: { update_date: "2026-11-21" },
  });
  assert.equal(metadata.category, "medicine");
  assert.equal(metadata.risk_level, "high");
  assert.equal(metadata.layer, "clinical");
  assert.equal(metadata.related_entities, "Angina");
  assert.equal(metadata.update_date, "2026-11-21");
  assert.equal(metadata.data_sources, "a_title.md");
});

Deno.test("riskOf() is high where life or a prohibition is spoken of, medium where treatment is", () => {
  assert.equal(riskOf("It is life-threatening."), "high");
  assert.equal(riskOf("Tablets are taken for life."), "medium");
  assert.equal(riskOf("The kidneys lie at the back."), "low");
});

Deno.test("findEvidence() numbers passages, points sentences out, and leaves notices out", () =>
  withKnowledge(async (knowledge) => {
    const question = "How does allopurinol help people with gout?";
    const found = await findEvidence(knowledge, { query: question, question, patient: [] });
    assert.equal(found.isKnown, true);
    assert.deepEqual(found.evidence.map(({ number }) => number), [1, 2, 3, 4, 5]);
    for (const { text, quotes } of found.evidence) {
      assert.doesNotMatch(text, /Not medical advice/);
      for (const { start, end } of quotes) assert.match(text.slice(start, end), /^[A-Z][^]*\.$/);
    }
    const { text, citations, problems } = extractDraft(question, found);
    assert.match(text, /Allopurinol lowers uric acid and prevents later attacks when taken every day \[1\]\./);
    assert.deepEqual(problems, []);
    assert.ok(citations.every((citation) => citation.found));
  }));

Deno.test("findEvidence() gives what warns this patient a place of its own", () =>
  withKnowledge(async (knowledge) => {
    const question = "Can I take ibuprofen for my joint pain?";
    const of = async (patient: string[]) => await findEvidence(knowledge, { query: question, question, patient });
    const [plain, pregnant, warfarin] = [await of([]), await of(["pregnancy"]), await of(["warfarin"])];
    assert.deepEqual(plain.cautions, []);
    assert.deepEqual(pregnant.cautions.map(({ about }) => about), ["pregnancy"]);
    assert.match(pregnant.cautions[0].text, /week 20 of\s+pregnancy/);
    assert.match(warfarin.cautions[0].text, /ask before adding ibuprofen/);
    for (const { evidence, cautions } of [pregnant, warfarin]) {
      assert.equal(evidence.length, 5);
      for (const { number, text } of cautions) assert.ok(evidence[number - 1].text.includes(text));
    }
    assert.match(extractDraft(question, warfarin).text, /ask before adding ibuprofen/);
  }));

Deno.test("findEvidence() knows when the library does not answer", () =>
  withKnowledge(async (knowledge) => {
    for (
      const question of ["What is the capital of France?", "Which fingers go numb in carpal tunnel syndrome?", "?"]
    ) {
      const found = await findEvidence(knowledge, { query: question, question, patient: ["pregnancy"] });
      assert.equal(found.isKnown, false, question);
      assert.equal(extractDraft(question, found).isRefusal, true);
    }
  }));

Deno.test("openKnowledge() fills a folder once, and refuses an empty library", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      const embedder = await houseEmbedder({ engine });
      const options = {
        embedder,
        documents: `${import.meta.dirname}/../../../data/library/medicine`,
        include: ["g*.md"],
      };
      for (const added of [5, 0]) {
        const knowledge = await openKnowledge({ ...options, uri: `${folder}/table` });
        assert.equal(knowledge.report.added, added);
        knowledge.close();
      }
      await assert.rejects(() => openKnowledge({ ...options, include: ["*.nothing"] }), /needs a library/);
      await embedder.dispose();
    })
  ));

Deno.test("findEvidence() looks for what is asked, not for whom", () =>
  withKnowledge(async (knowledge) => {
    const question = "My 4-year-old daughter has chickenpox. Can I give her aspirin?";
    const found = await findEvidence(knowledge, { query: question, question, patient: ["child"] });
    assert.match(extractDraft(question, found).text, /Never give aspirin to a child with chickenpox \[\d\]/);
  }, ["chickenpox.md", "common_cold.md", "burns.md", "asthma.md", "measles.md", "eczema.md"]));
