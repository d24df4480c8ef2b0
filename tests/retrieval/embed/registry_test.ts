import assert from "node:assert/strict";
import {
  checkEmbedderEntry,
  type EmbedderEntry,
  EMBEDDERS,
  findEmbedder,
  openEmbedder,
} from "../../../lib/retrieval/embed/mod.ts";

Deno.test("EMBEDDERS has what every entry needs, pinned to commits", () => {
  assert.deepEqual([...EMBEDDERS.keys()].sort(), [
    "all-MiniLM-L6-v2",
    "bge-base-en-v1.5",
    "bge-small-en-v1.5",
    "e5-base-v2",
    "e5-small-v2",
    "kiln-embed",
    "multilingual-e5-small",
  ]);
  for (const [name, entry] of EMBEDDERS) {
    assert.equal(entry.name, name);
    assert.deepEqual(checkEmbedderEntry(entry), entry);
    if (entry.repository === null) continue;
    assert.match(entry.revision, /^[0-9a-f]{40}$/, name);
    assert.equal(entry.repository.split("/")[1], name);
    assert.ok(entry.onnxFile !== null, name);
  }
});

Deno.test("EMBEDDERS has the prefixes and the pooling that the models were trained with", () => {
  for (const [name, { queryPrefix, passagePrefix, pooling }] of EMBEDDERS) {
    if (name.includes("e5-")) {
      assert.deepEqual([queryPrefix, passagePrefix, pooling], ["query: ", "passage: ", "mean"], name);
    } else if (name.startsWith("bge-")) {
      assert.match(queryPrefix, /^Represent this sentence .*: $/, name);
      assert.deepEqual([passagePrefix, pooling], ["", "cls"], name);
    } else {
      assert.deepEqual([queryPrefix, passagePrefix, pooling], ["", "", "mean"], name);
    }
  }
});

Deno.test("findEmbedder() finds an entry with and without its owner", () => {
  assert.equal(findEmbedder("intfloat/e5-small-v2"), EMBEDDERS.get("e5-small-v2"));
  assert.equal(findEmbedder("e5-small-v2"), EMBEDDERS.get("e5-small-v2"));
  assert.equal(findEmbedder("someone/e5-small-v2"), undefined);
});

Deno.test("checkEmbedderEntry() names the field that is wrong", () => {
  const good = EMBEDDERS.get("e5-small-v2")!;
  const wrong = (change: Partial<Record<keyof EmbedderEntry, unknown>>) => {
    const entry = { ...good, ...change } as EmbedderEntry;
    return () => checkEmbedderEntry(entry);
  };
  assert.throws(wrong({ pooling: "max" }), /embedder "e5-small-v2": pooling: /);
  assert.throws(wrong({ maxTokens: 0 }), /maxTokens: /);
  assert.throws(wrong({ dimensions: 1.5 }), /dimensions: /);
  assert.throws(wrong({ repository: "e5" }), /repository: .*owner\/name/);
  assert.throws(wrong({ revision: "../../etc" }), /revision: /);
  assert.throws(wrong({ onnxFile: "../model.onnx" }), /onnxFile: /);
  assert.throws(wrong({ normalized: false }), /normalized: /);
  assert.throws(wrong({ queryPrefix: undefined }), /queryPrefix: /);
});

Deno.test("openEmbedder() says which names there are", async () => {
  await assert.rejects(openEmbedder("e5-small-v3"), /no folder e5-small-v3, .* the registry has .*e5-small-v2/);
  await assert.rejects(openEmbedder("data", { as: "e5-small-v3" }), /as: there is no "e5-small-v3"; the registry has/);
});
