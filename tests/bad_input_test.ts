/**
 * What a user is told about bad input. Each case goes through the functions that a notebook calls, compares the whole
 * message, and checks that nothing was half-written or half-changed.
 */
import assert from "node:assert/strict";
import { createLora, loadAdapter, saveAdapter } from "../lib/adapters/mod.ts";
import { loadGsm8k } from "../lib/data/mod.ts";
import { jsonlWriter } from "../lib/files/mod.ts";
import { loadModel, saveModel } from "../lib/models/mod.ts";
import { Random } from "../lib/random/mod.ts";
import { Tokenizer } from "../lib/tokenizer/mod.ts";
import { createRun, grpo, type RewardFunction, sft } from "../lib/train/mod.ts";
import { failingFileSystem } from "./files/failing_file_system.ts";
import { collect, idTokenizer, inFolder, numbersOf, TINY_MODEL, withTinyModel } from "./support/tiny_model.ts";
import { tinyTokenizer } from "./tokenizer/tiny.ts";

/** The message of an error, with FOLDER for the test's folder. Fails when there is no error. */
async function messageOf(folder: string, run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message.replaceAll(folder, "FOLDER");
  }
  return assert.fail("there was no error");
}

/** A copy of the tiny model's folder. */
async function copyOfModel(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/model`);
  for (const { name } of Deno.readDirSync(TINY_MODEL)) await Deno.copyFile(`${TINY_MODEL}/${name}`, `${folder}/model/${name}`);
  return `${folder}/model`;
}

/** Every file below a folder with its contents. */
async function everything(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(found, await everything(path));
    else found[path] = (await Deno.readFile(path)).toBase64();
  }
  return found;
}

/** Changes the bytes of the model's weights, and loads it. */
function loadDamaged(damage: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void> {
  return withTinyModel((model) =>
    inFolder(async (folder) => {
      const path = `${await copyOfModel(folder)}/model.safetensors`;
      await Deno.writeFile(path, damage(await Deno.readFile(path)));
      const message = await messageOf(folder, () => loadModel(`${folder}/model`, { engine: model.engine }));
      console.log(message);
    })
  );
}

Deno.test("x", async () => {
  await loadDamaged((b) => b.subarray(0, b.length - 100));
  await loadDamaged((b) => b.subarray(0, 5));
  await loadDamaged((b) => { new DataView(b.buffer).setBigUint64(0, 1n << 40n, true); return b; });
  await loadDamaged((b) => { new DataView(b.buffer).setBigUint64(0, 200000n, true); return b; });
  const edit = (from: string, to: string) => (b: Uint8Array<ArrayBuffer>) => {
    const text = new TextDecoder("latin1").decode(b);
    const at = text.indexOf(from);
    assert.ok(at > 0 && from.length === to.length);
    for (let i = 0; i < to.length; i++) b[at + i] = to.charCodeAt(i);
    return b;
  };
  await loadDamaged(edit("[96,32]", "[96,33]"));
  await loadDamaged(edit('"F32"', '"F99"'));
  await withTinyModel((model) => inFolder(async (folder) => {
    await copyOfModel(folder);
    const config = JSON.parse(await Deno.readTextFile(`${folder}/model/config.json`));
    await Deno.writeTextFile(`${folder}/model/config.json`, JSON.stringify({...config, model_type: "mamba"}));
    console.log(await messageOf(folder, () => loadModel(`${folder}/model`, { engine: model.engine })));
    await tinyTokenizer().save(`${folder}/tok`);
    const tokenizer = await Tokenizer.load(`${folder}/tok`);
    console.log(await messageOf(folder, async () => tokenizer.assertFits(model.config.vocabSize)));
    await Deno.writeTextFile(`${folder}/train.jsonl`, '{"question":"q","answer":"#### 3"}\n{"question":"q","answer":"#### 3"\n{"question":"q","answer":"3"}\n');
    console.log(await messageOf(folder, () => loadGsm8k({ source: `${folder}/train.jsonl` })));
    await Deno.writeTextFile(`${folder}/train.jsonl`, '{"question":"q","answer":"#### 3"}\n{"question":"q","answer":"three"}\n');
    console.log(await messageOf(folder, () => loadGsm8k({ source: folder })));
    const adapter = await createLora(model, new Random(1));
    console.log(await messageOf(folder, () => saveAdapter(model, adapter, `${folder}/adapter`, { baseModel: "x", fileSystem: failingFileSystem(4)})));
    console.log(await messageOf(folder, () => saveModel(model, `${folder}/saved`, { fileSystem: failingFileSystem(4)})));
    const writer = await jsonlWriter(`${folder}/metrics.jsonl`, { fileSystem: failingFileSystem(4)});
    console.log(await messageOf(folder, async () => { for (let i=0;i<10;i++) await writer.write({i}); }));
    await writer.close();
  }));
});
