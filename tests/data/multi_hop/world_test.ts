import assert from "node:assert/strict";
import { splitOf } from "../../../lib/data/corpora/corpus.ts";
import { isRightQuery, rankByOverlap, RELATIONS, type World, worldAt } from "../../../lib/data/multi_hop/mod.ts";

const COUNT = 800;
const train = Array.from({ length: COUNT }, (_, index) => worldAt(index));
const test = Array.from({ length: COUNT }, (_, index) => worldAt(index, { split: "test" }));
const all = [...train, ...test];

const documentOf = ({ documents }: World, id: string) => documents.find((document) => document.id === id)!;
const questionsOf = (worlds: readonly World[]) =>
  worlds.flatMap((world) => world.questions.map((question) => ({ world, question })));

Deno.test("worldAt() gives the same world for the same index, whatever was drawn before", () => {
  for (const index of [0, 7, 700]) {
    assert.deepEqual(worldAt(index), train[index]);
    assert.notDeepEqual(worldAt(index, { seed: 1 }), train[index]);
  }
});

Deno.test("worldAt() writes short documents whose facts stand in their sentences", () => {
  for (const { documents } of all) {
    assert.equal(documents.length, 16);
    assert.equal(new Set(documents.map(({ title }) => title)).size, 16, "titles differ");
    assert.equal(new Set(documents.map(({ id }) => id)).size, 16, "ids differ");
    for (const { title, text, sentences, facts } of documents) {
      assert.ok(sentences.length >= 1 && sentences.length <= 2 && text.length <= 150, text);
      assert.equal(text, sentences.join(" "));
      assert.ok(sentences[0].includes(title), text);
      assert.equal(facts.length, sentences.length);
      facts.forEach(({ value }, number) => assert.ok(sentences[number].includes(value), text));
      for (const sentence of sentences) assert.match(sentence, /^[A-Z][^{}]*\.$/);
    }
  }
});

Deno.test("worldAt() asks questions whose hops the documents support, one after another", () => {
  for (const { world, question } of questionsOf(all)) {
    const { hops, type, answer } = question;
    assert.equal(new Set(hops.map(({ documentId }) => documentId)).size, hops.length, question.question);
    for (const [number, hop] of hops.entries()) {
      const document = documentOf(world, hop.documentId);
      assert.equal(document.title, hop.subject);
      assert.equal(document.facts[hop.sentence].value, hop.answer);
      assert.equal(document.facts[hop.sentence].relation.name, hop.relation);
      assert.ok(hop.statement.includes(hop.subject) && hop.statement.includes(hop.answer), hop.statement);
      if (type === "bridge" && number > 0) assert.equal(hop.subject, hops[number - 1].answer, question.question);
      if (type !== "bridge" || number === 0) assert.ok(question.question.includes(hop.subject), question.question);
    }
    if (type === "bridge") {
      assert.equal(answer, hops.at(-1)!.answer);
      for (const { subject } of hops.slice(1)) assert.ok(!question.question.includes(subject), question.question);
    }
    if (type === "yes_no") assert.equal(answer, hops[0].answer === hops[1].answer ? "yes" : "no");
    if (type === "comparison") {
      const [first, second] = hops.map((hop) => Number.parseInt(hop.answer));
      const wantsLarger = /\b(?:longer|newer|younger|later)\b/.test(question.question);
      assert.equal(answer, hops[(first > second) === wantsLarger ? 0 : 1].subject, question.question);
      assert.ok(question.conclusion.startsWith(answer));
    }
  }
});

Deno.test("worldAt() asks all kinds of questions, yes about as often as no, over every relation", () => {
  const counts = new Map<string, number>();
  const relations = new Set<string>();
  for (const { question } of questionsOf(train)) {
    const kind = question.type === "yes_no" ? question.answer : `${question.type} ${question.hops.length}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const { relation } of question.hops) relations.add(relation);
  }
  const total = questionsOf(train).length;
  for (const kind of ["bridge 1", "bridge 2", "bridge 3", "comparison 2", "yes", "no"]) {
    assert.ok((counts.get(kind) ?? 0) > 0.02 * total, `${kind}: ${counts.get(kind)} of ${total}`);
  }
  assert.equal(counts.size, 6);
  const ratio = counts.get("yes")! / counts.get("no")!;
  assert.ok(ratio > 0.4 && ratio < 1.6, `yes to no is ${ratio}`);
  assert.equal(relations.size, RELATIONS.length);
});

Deno.test("worldAt() shares no question instance between the splits", () => {
  const instances = new Set(questionsOf(train).map(({ question }) => question.instance));
  for (const { question } of questionsOf(test)) {
    assert.ok(!instances.has(question.instance), question.instance);
    assert.equal(splitOf(`world:${question.instance}`), "test");
  }
});

Deno.test("every query of a hop finds its document first", () => {
  for (const { world, question } of questionsOf([...train.slice(0, 150), ...test.slice(0, 150)])) {
    for (const hop of question.hops) {
      assert.ok(hop.queries.length >= 3 && new Set(hop.queries).size === hop.queries.length);
      for (const query of hop.queries) {
        assert.ok(isRightQuery(query, hop, world.documents), `${query}: ${hop.statement}`);
        assert.equal(rankByOverlap(query, world.documents)[0].id, hop.documentId);
      }
    }
  }
});

Deno.test("isRightQuery() refuses a query without the name, without the relation, or with a heap of words", () => {
  let compared = 0;
  for (const { world, question } of questionsOf(train.slice(0, 300))) {
    for (const hop of question.hops) {
      const refused = (query: string) => assert.ok(!isRightQuery(query, hop, world.documents), `${query}: ${hop.need}`);
      refused("");
      refused(hop.subject);
      refused(hop.queries[0].replace(hop.subject, "Nobody Here"));
      refused(hop.queries[0].replace(hop.subject, hop.subject.slice(0, -2)));
      refused(world.documents.map(({ title }) => title).join(" ") + ` ${hop.queries[0]}`);
      const other = question.hops.find(({ subject }) => subject !== hop.subject);
      if (other === undefined) continue;
      refused(other.queries[0]);
      compared++;
    }
  }
  assert.ok(compared > 100);
});

Deno.test("worldAt() draws as many documents, sentences and questions as asked for", () => {
  const world = worldAt(3, { documents: 40, sentences: 3, questions: 12 });
  assert.equal(world.documents.length, 40);
  assert.ok(world.documents.some(({ sentences }) => sentences.length === 3));
  assert.equal(world.questions.length, 12);
  assert.ok(worldAt(4, { sentences: 1 }).documents.every(({ sentences }) => sentences.length === 1));
});

Deno.test("worldAt() has names in thousands", () => {
  const titles = new Set(train.flatMap(({ documents }) => documents.map(({ title }) => title)));
  assert.ok(titles.size > 8000, `${titles.size}`);
});

Deno.test("worldAt() rejects what it cannot meet", () => {
  for (const documents of [7, 9.5, NaN]) {
    assert.throws(() => worldAt(0, { documents }), /expected a whole number of at least 8/);
  }
  for (const sentences of [0, 4, 1.5]) assert.throws(() => worldAt(0, { sentences }), /expected 1, 2 or 3/);
  for (const questions of [0, 1.5]) {
    assert.throws(() => worldAt(0, { questions }), /expected a whole number of at least 1/);
  }
});
