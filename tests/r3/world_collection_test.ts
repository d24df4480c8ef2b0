import assert from "node:assert/strict";
import { worldCollection } from "../../lib/r3/mod.ts";

const COLLECTION = worldCollection({ trainWorlds: 40, testWorlds: 20, seed: 3 });

Deno.test("worldCollection() has every title and every id once", () => {
  const { documents } = COLLECTION;
  assert.equal(new Set(documents.map(({ title }) => title.toLowerCase())).size, documents.length);
  assert.equal(new Set(documents.map(({ id }) => id)).size, documents.length);
  assert.ok(documents.length < 60 * 16 && documents.length > 800, `${documents.length} documents`);
});

Deno.test("worldCollection() has all documents that its questions need, with the sentence that answers", () => {
  const texts = new Map(COLLECTION.documents.map(({ id, text }) => [id, text]));
  for (const { support, generated, answer, type } of [...COLLECTION.train, ...COLLECTION.test]) {
    assert.ok(support.every((id) => texts.has(id)));
    if (type === "bridge") assert.ok(texts.get(support[support.length - 1])!.includes(answer));
    assert.deepEqual(support, generated.hops.map(({ documentId }) => documentId));
  }
});

Deno.test("worldCollection() shares no question and no world between the splits, and names none twice", () => {
  const { train, test } = COLLECTION;
  assert.ok(train.length > 100 && test.length > 60);
  const texts = [...train, ...test].map(({ question }) => question.toLowerCase());
  assert.equal(new Set(texts).size, texts.length);
  const instances = new Set(train.map(({ generated }) => generated.instance));
  assert.ok(test.every(({ generated }) => !instances.has(generated.instance)));
  const ids = [...train, ...test].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const supporting = new Set(train.flatMap(({ support }) => support));
  assert.ok(test.every(({ support }) => support.every((id) => !supporting.has(id))));
});

Deno.test("worldCollection() holds out the same questions however many worlds there are to learn from", () => {
  const small = worldCollection({ trainWorlds: 5, testWorlds: 20, seed: 3 });
  assert.deepEqual(small.test.map(({ question }) => question), COLLECTION.test.map(({ question }) => question));
  assert.throws(() => worldCollection({ testWorlds: -1 }), /testWorlds: expected a whole number from 0, got -1/);
});
