import assert from "node:assert/strict";
import { resolve } from "node:path";
import { findSource } from "../../lib/formats/mod.ts";
import { openSafetensors, writeSafetensors } from "../../lib/models/mod.ts";
import { createRun } from "../../lib/train/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { inFolder } from "../support/tiny_model.ts";

const BASE = "data/models/kiln-tiny";

/** Makes a folder with an adapter's configuration: it is found by that, and read later. */
async function putAdapter(folder: string, baseModel: string | null): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const config = {
    peft_type: "LORA",
    r: 8,
    lora_alpha: 8,
    target_modules: ["q_proj"],
    base_model_name_or_path: baseModel,
  };
  await Deno.writeTextFile(`${folder}/adapter_config.json`, JSON.stringify(config));
}

async function putModel(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/config.json`, "{}");
}

/** A whole checkpoint, as trainers leave it: with its manifest. */
async function putCheckpoint(folder: string): Promise<void> {
  await putAdapter(folder, BASE);
  const bytes = await Deno.readFile(`${folder}/adapter_config.json`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const files = { "adapter_config.json": { bytes: bytes.length, sha256: hash } };
  await Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify({ files }));
}

async function newRun(outputs: string, name = "sft"): Promise<string> {
  const run = await createRun(name, {}, { outputs });
  await run.close();
  return run.path;
}

Deno.test("findSource() takes the newest run of a name, a certain one, or a run's folder", () =>
  inFolder(async (outputs) => {
    const [first, second] = [await newRun(outputs), await newRun(outputs)];
    for (const run of [first, second]) await putAdapter(`${run}/adapter`, BASE);
    const base = await Deno.realPath(BASE);
    const expected = (run: string, name: string) => ({ name, adapter: `${run}/adapter`, model: base, base, run });
    for (const what of ["sft", "newest:sft", "sft-002", second]) {
      assert.deepEqual(await findSource(what, { outputs }), expected(second, "sft-002"), what);
    }
    assert.deepEqual(await findSource("sft-001", { outputs }), expected(first, "sft-001"));
    // The adapter's own folder belongs to the run too.
    const { run, name } = await findSource(`${second}/adapter`, { outputs });
    assert.deepEqual([await Deno.realPath(run!), name], [await Deno.realPath(second), "sft-002"]);
    await assert.rejects(
      findSource("dpo", { outputs }),
      /has no run called dpo \(looked for .*\/dpo and .*\/dpo-001, -002/,
    );
    await assert.rejects(findSource("newest:DPO", { outputs }), /run name "DPO": expected lower-case letters/);
  }));

Deno.test("findSource() finds in a run its adapter, else its model, else its newest whole checkpoint", () =>
  inFolder(async (outputs) => {
    const run = await newRun(outputs);
    const find = () => findSource(run, { outputs });
    await assert.rejects(
      find(),
      /sft-001 has nothing to export: looked for adapter_config.json .* and config.json .*, in its adapter\/ and model\/, and in/,
    );
    for (const step of [10, 20, 30]) await putCheckpoint(`${run}/checkpoint-${step}`);
    await Deno.writeTextFile(`${run}/checkpoint-30/adapter_config.json`, "cut o");
    assert.deepEqual((await find()).adapter, `${run}/checkpoint-20`);
    assert.equal((await find()).name, "sft-001-checkpoint-20");
    assert.equal((await findSource(`${run}/checkpoint-10`)).name, "sft-001-checkpoint-10");
    await putModel(`${run}/model`);
    assert.deepEqual(await find(), { name: "sft-001", model: `${run}/model`, base: resolve(`${run}/model`), run });
    await putAdapter(`${run}/adapter`, BASE);
    assert.equal((await find()).adapter, `${run}/adapter`);
    for (const step of [10, 20]) await Deno.remove(`${run}/checkpoint-${step}`, { recursive: true });
    for (const name of ["adapter", "model"]) await Deno.remove(`${run}/${name}`, { recursive: true });
    await assert.rejects(find(), /nothing to export: .*; .*checkpoint-30 is passed over: adapter_config.json has 5 of/);
  }));

Deno.test("findSource() finds an adapter's base from here, from where the adapter is, and from around it", () =>
  inFolder(async (folder) => {
    const adapter = `${folder}/outputs/sft-001/adapter`;
    await putModel(`${folder}/models/mine`);
    const mine = await Deno.realPath(`${folder}/models/mine`);
    // As a run names it that was started in the folder, in a folder beside it, or anywhere.
    for (const named of ["models/mine", "../models/mine", mine]) {
      await putAdapter(adapter, named);
      const { model, base } = await findSource(adapter);
      assert.deepEqual([await Deno.realPath(model), await Deno.realPath(base)], [mine, mine], named);
    }
    await putAdapter(adapter, "../models/other");
    await assert.rejects(
      findSource(adapter),
      /adapter_config.json: there is no model ..\/models\/other: looked for its config.json from here and from .* upwards: name/,
    );
    assert.equal((await findSource(adapter, { baseModel: BASE })).model, await Deno.realPath(BASE));
    await putAdapter(adapter, null);
    await assert.rejects(
      findSource(adapter),
      /base_model_name_or_path is not set: name the base model \(--base-model\)/,
    );
  }));

Deno.test("findSource() takes models, GGUF files and names on the hub", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await findSource(BASE), { name: "kiln-tiny", model: BASE, base: resolve(BASE) });
    const file = `${folder}/some.model-Q4_K.gguf`;
    await Deno.writeTextFile(file, "");
    assert.deepEqual(await findSource(file), { name: "some.model-Q4_K", model: file, base: file });
    await assert.rejects(findSource(`${folder}/none.gguf`), /none.gguf: there is no such file/);
    await assert.rejects(
      findSource("../no/such/folder"),
      /there is no such folder; expected a run or model's folder, the name/,
    );

    // A hub that has one model and one adapter for it.
    const files: Record<string, Uint8Array> = {
      "owner/Base/config.json": await Deno.readFile(`${GOLDEN}qwen2_tiny/tied/config.json`),
      "owner/Base/model.safetensors": await Deno.readFile(`${GOLDEN}qwen2_tiny/tied/model.safetensors`),
    };
    await putAdapter(`${folder}/adapter`, "owner/Base");
    await writeSafetensors(`${folder}/adapter/adapter_model.safetensors`, []);
    (await openSafetensors(`${folder}/adapter/adapter_model.safetensors`)).close();
    for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
      files[`owner/LoRA/${name}`] = await Deno.readFile(`${folder}/adapter/${name}`);
    }
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) =>
      answer(request, files));
    try {
      const hub = { endpoint: `http://127.0.0.1:${server.addr.port}`, cacheFolder: `${folder}/cache` };
      const base = await findSource("owner/Base", { hub });
      assert.deepEqual([base.name, base.base, base.adapter], ["Base", "owner/Base", undefined]);
      const adapter = await findSource("owner/LoRA", { hub });
      assert.deepEqual([adapter.name, adapter.base, adapter.model], ["LoRA", "owner/Base", base.model]);
      assert.ok(adapter.adapter!.startsWith(`${folder}/cache`));
    } finally {
      await server.shutdown();
    }
  }));

/** The two requests of a download: a repository's list of files, and a file. */
function answer(request: Request, files: Readonly<Record<string, Uint8Array>>): Response {
  const { pathname } = new URL(request.url);
  const repository = /^\/api\/models\/(.*)\/revision\/main$/.exec(pathname)?.[1];
  if (repository !== undefined) {
    const names = Object.keys(files).filter((path) => path.startsWith(`${repository}/`));
    const siblings = names.map((path) => ({ rfilename: path.slice(repository.length + 1) }));
    return Response.json({ sha: "abc", siblings });
  }
  const bytes = files[pathname.slice(1).replace("/resolve/abc/", "/")];
  if (!bytes) return new Response("", { status: 404 });
  const headers = { etag: '"1"', "x-repo-commit": "abc", "content-length": String(bytes.length) };
  return new Response(request.method === "HEAD" ? null : new Uint8Array(bytes), { headers });
}
