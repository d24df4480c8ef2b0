import assert from "node:assert/strict";
import { distractorsOf, toHotpotRow, worldAt } from "../../../lib/data/multi_hop/mod.ts";
import { Random } from "../../../lib/random/mod.ts";

const REAL = new URL("../../../../shared/data/hotpotqa/questions.json", import.meta.url);

Deno.test("toHotpotRow() puts the supporting sentences among distractors", () => {
  const levels = new Set<string>();
  for (let index = 0; index < 200; index++) {
    const world = worldAt(index);
    for (const question of world.questions) {
      const row = toHotpotRow(world, question, { id: `row ${index}`, random: new Random(index) });
      assert.equal(row._id, `row ${index}`);
      assert.equal(row.context.length, 10);
      assert.equal(new Set(row.context.map(([title]) => title)).size, 10);
      assert.equal(row.supporting_facts.length, question.hops.length);
      row.supporting_facts.forEach(([title, sentence], number) => {
        const [, sentences] = row.context.find(([other]) => other === title)!;
        assert.ok(sentences[sentence].includes(question.hops[number].answer));
      });
      for (const [title, sentences] of row.context) {
        assert.equal(sentences.join(""), world.documents.find((document) => document.title === title)!.text);
      }
      assert.equal(row.type, question.type === "bridge" ? "bridge" : "comparison");
      levels.add(row.level);
    }
  }
  assert.deepEqual([...levels].sort(), ["easy", "hard", "medium"]);
});

Deno.test("toHotpotRow() takes no more passages than asked for, but all that are needed", () => {
  const world = worldAt(0);
  const question = world.questions.find(({ hops }) => hops.length >= 2)!;
  const row = toHotpotRow(world, question, { id: "a", random: new Random(0), passages: 1 });
  assert.equal(row.context.length, question.hops.length);
});

Deno.test("distractorsOf() puts what is easily mistaken first", () => {
  for (let index = 0; index < 50; index++) {
    const world = worldAt(index);
    const question = world.questions[0];
    const relations = question.hops.map(({ relation }) => relation);
    const isLike = distractorsOf(world.documents, question).map(({ facts }) =>
      facts.some(({ relation }) => relations.includes(relation.name))
    );
    assert.equal(isLike.length, world.documents.length - question.hops.length);
    if (isLike.includes(true)) assert.ok(isLike.indexOf(true) <= 4, `${isLike}`);
  }
});

Deno.test("toHotpotRow() has the fields of real HotpotQA rows", async () => {
  let text: string;
  try {
    text = await Deno.readTextFile(REAL);
  } catch {
    console.log("skipped: the real HotpotQA rows are not on this machine");
    return;
  }
  const world = worldAt(1);
  const row = toHotpotRow(world, world.questions[0], { id: "a", random: new Random(0) });
  for (const real of JSON.parse(text).slice(0, 20)) {
    assert.deepEqual(Object.keys(row).sort(), Object.keys(real).sort());
    assert.equal(typeof real.context[0][1][0], typeof row.context[0][1][0]);
    assert.equal(typeof real.supporting_facts[0][1], typeof row.supporting_facts[0][1]);
    assert.ok(["bridge", "comparison"].includes(real.type) && ["easy", "medium", "hard"].includes(real.level));
  }
});
