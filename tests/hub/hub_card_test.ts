import assert from "node:assert/strict";
import { hubCard } from "../../lib/hub/mod.ts";
import { hubIdOf } from "../../lib/models/mod.ts";
import { inFolder } from "../support/in_folder.ts";

const card = (line: string) =>
  `---\nlibrary_name: peft\n${line}tags: [kiln]\n---\n\n# A run\n\n---\nbase_model: in the text\n`;

Deno.test("hubCard() keeps names on the hub, and leaves out folders of this machine", async () => {
  for (
    const named of ["Qwen/Qwen2.5-0.5B", '"Qwen/Qwen2.5-0.5B"', "'Qwen/Qwen2.5-0.5B'", "Qwen/Qwen2.5-0.5B # the base"]
  ) {
    assert.equal(await hubCard(card(`base_model: ${named}\n`)), card("base_model: Qwen/Qwen2.5-0.5B\n"), named);
  }
  for (
    const folder of [
      "data/models/kiln-tiny",
      '"../data/models/kiln-tiny"',
      "'C:\\models\\x'",
      "/home/me/it''s",
      "lib/models",
    ]
  ) {
    assert.equal(await hubCard(card(`base_model: ${folder}\n`)), card(""), folder);
  }
  assert.equal(await hubCard(card("base_model: ../x\n"), { baseModel: "a/b" }), card("base_model: a/b\n"));
  assert.equal(await hubCard(card(""), { baseModel: "a/b" }), card("").replace("---\n", "---\nbase_model: a/b\n"));
});

Deno.test("hubCard() leaves alone what it does not understand", async () => {
  const lists = card("base_model:\n- a/b\n- c/d\n");
  for (
    const text of [
      lists,
      card("base_model: [a/b]\n"),
      card('base_model: "torn\n'),
      "# no head\n",
      "---\nnever ends\n",
      "",
    ]
  ) {
    assert.equal(await hubCard(text), text);
  }
  assert.equal(await hubCard("# no head\n", { baseModel: "a/b" }), "---\nbase_model: a/b\n---\n\n# no head\n");
});

Deno.test("hubIdOf() knows what a folder of downloads was downloaded as", () =>
  inFolder(async (cacheFolder) => {
    const folder = `${cacheFolder}/models--Qwen--Qwen2.5-0.5B-Instruct/0123abc`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.mkdir(`${cacheFolder}/datasets--a--b/1`, { recursive: true });
    assert.equal(await hubIdOf(folder, { cacheFolder }), "Qwen/Qwen2.5-0.5B-Instruct");
    assert.equal(await hubIdOf(`${cacheFolder}/datasets--a--b/1`, { cacheFolder }), undefined);
    assert.equal(await hubIdOf(cacheFolder, { cacheFolder }), undefined);
    assert.equal(await hubIdOf(folder, { cacheFolder: `${cacheFolder}/absent` }), undefined);
    assert.equal(await hubIdOf("Qwen/Qwen3-0.6B"), "Qwen/Qwen3-0.6B");
    // There is such a folder here, and none of the others.
    for (const other of ["lib/models", "data/models/kiln-tiny", "../x", "/a/b", ""]) {
      assert.equal(await hubIdOf(other), undefined);
    }
    assert.equal(
      await hubCard(card(`base_model: ${folder}\n`), { cacheFolder }),
      card("base_model: Qwen/Qwen2.5-0.5B-Instruct\n"),
    );
  }));
