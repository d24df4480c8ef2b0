import assert from "node:assert/strict";
import { DiskFullError } from "../../lib/files/mod.ts";
import { openModelSource, saveMergedModel, sourceOfModel } from "../../lib/formats/mod.ts";
import { loadModel, openCheckpoint, parseConfig, readConfig, weightShapes } from "../../lib/models/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { HOUSE_MODEL, withHouseModel } from "../support/house_model.ts";
import { assertSameNumbers } from "../support/same_numbers.ts";
import { inFolder, numbersOf, withEngine } from "../support/tiny_model.ts";
import { KINDS, writeModel } from "./exportable_model.ts";

async function readJson(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(path));
}

async function filesOf(folder: string): Promise<Record<string, Uint8Array>> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await Deno.readFile(`${folder}/${name}`)])),
  );
}

/** The bfloat16 number nearest to a float32 one, the even one of two that are as near. */
function nearestBfloat16(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  const below = bits.getUint32(0) & 0xffff0000;
  const candidates = [below, below + 0x10000].map((word) => {
    bits.setUint32(0, word);
    return { value: bits.getFloat32(0), isEven: (word >>> 16) % 2 === 0 };
  });
  const [near, far] = candidates.sort((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value));
  const tie = Math.abs(near.value - value) === Math.abs(far.value - value);
  return tie && far.isEven ? far.value : near.value;
}

for (const [kind, config] of Object.entries(KINDS)) {
  Deno.test(`saveMergedModel() writes a folder that loads as the same model, in one file or in shards: ${kind}`, () =>
    withEngine((engine) =>
      inFolder(async (folder) => {
        await writeModel(`${folder}/base`, config, engine);
        const source = await openModelSource({ model: `${folder}/base` });
        const model = await loadModel(`${folder}/base`, { engine });
        const expected = await numbersOf(model, model.weights);
        const seen: [number, number, string][] = [];
        await saveMergedModel(source, `${folder}/f32`, { dtype: "F32", onProgress: (...told) => seen.push(told) });
        const names = Object.keys(weightShapes(config));
        assert.deepEqual(seen.map(([done]) => done), names.map((_, at) => at + 1));
        assert.deepEqual(new Set(seen.map(([, , name]) => name)), new Set(names));
        await saveMergedModel(source, `${folder}/shards`, { dtype: "F32", maxShardBytes: 200_000 });
        assert.ok(Object.keys(await filesOf(`${folder}/shards`)).includes("model.safetensors.index.json"));
        for (const written of [`${folder}/f32`, `${folder}/shards`]) {
          const again = await loadModel(written, { engine });
          assert.deepEqual(again.config, source.config);
          assertSameNumbers(await numbersOf(again, again.weights), expected, written);
          await again.dispose();
          assert.deepEqual((await Tokenizer.load(written)).encode("<think>12"), source.tokenizer.encode("<think>12"));
        }
        await saveMergedModel(source, `${folder}/bf16`);
        const checkpoint = await openCheckpoint(`${folder}/bf16`);
        for (const [name, numbers] of expected) {
          assert.equal(checkpoint.info(name).dtype, "BF16");
          const found = await checkpoint.readF32(name);
          assert.deepEqual(found.subarray(0, 500), numbers.map(nearestBfloat16).subarray(0, 500), name);
        }
        checkpoint.close();
        source.close();
        await model.dispose();
      })
    ));
}

Deno.test("saveMergedModel() rounds ties to the even number in both 16-bit formats", () =>
  withHouseModel(({ model, tokenizer }) =>
    inFolder(async (folder) => {
      const source = sourceOfModel(model, tokenizer, "house");
      // Half a step above an even mantissa, and above an odd one, in bfloat16 and in float16.
      const ties = { BF16: [1 + 2 ** -8, 1 + 3 * 2 ** -8], F16: [1 + 2 ** -11, 1 + 3 * 2 ** -11] };
      for (const dtype of ["BF16", "F16"] as const) {
        const read = async (name: string) => {
          const numbers = await source.read(name);
          if (name === "model.norm.weight") numbers.set(ties[dtype]);
          return numbers;
        };
        await saveMergedModel({ ...source, read }, folder, { dtype });
        const checkpoint = await openCheckpoint(folder);
        const step = dtype === "BF16" ? 2 ** -7 : 2 ** -10;
        assert.deepEqual([...(await checkpoint.readF32("model.norm.weight")).subarray(0, 2)], [1, 1 + 2 * step]);
        checkpoint.close();
      }
    })
  ));

Deno.test("saveMergedModel() keeps what the base's own configuration says besides, and names the ends of texts", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      const base = `${folder}/base`;
      await writeModel(base, KINDS["llama untied"], engine);
      const config = await readJson(`${base}/config.json`);
      const more = {
        bos_token_id: 5,
        initializer_range: 0.01,
        dtype: "float16",
        _name_or_path: "/home/me",
        note: "mine",
      };
      await Deno.writeTextFile(`${base}/config.json`, JSON.stringify({ ...config, torch_dtype: undefined, ...more }));
      await Deno.writeTextFile(
        `${base}/generation_config.json`,
        JSON.stringify({ eos_token_id: 0, temperature: 0.7, transformers_version: "4.51.0" }),
      );
      const source = await openModelSource({ model: base });
      await saveMergedModel(source, `${folder}/out`, { dtype: "F16" });
      const written = await readJson(`${folder}/out/config.json`);
      const { torch_dtype, bos_token_id, initializer_range, note, eos_token_id, dtype, _name_or_path, pad_token_id } =
        written;
      assert.deepEqual(
        { torch_dtype, bos_token_id, initializer_range, note, eos_token_id, dtype, _name_or_path, pad_token_id },
        {
          torch_dtype: "float16",
          bos_token_id: 5,
          initializer_range: 0.01,
          note: "mine",
          eos_token_id: [0, 2],
          dtype: undefined,
          _name_or_path: undefined,
          pad_token_id: 0,
        },
      );
      assert.deepEqual(parseConfig(JSON.stringify(written), "config.json"), source.config);
      assert.deepEqual(await readJson(`${folder}/out/generation_config.json`), {
        eos_token_id: [0, 2],
        temperature: 0.7,
        transformers_version: "4.51.0",
      });
      assert.deepEqual((await readConfig(`${folder}/out`)).eosTokenIds, [0, 2]);
      source.close();
    })
  ));

Deno.test("saveMergedModel() writes the chat template where every reader looks for it", () =>
  withHouseModel(({ model, tokenizer }) =>
    inFolder(async (folder) => {
      const template = "{{ messages[0].content }}!";
      await saveMergedModel(sourceOfModel(model, tokenizer.withChatTemplate(template), "house"), folder);
      assert.equal(await Deno.readTextFile(`${folder}/chat_template.jinja`), template);
      assert.equal((await readJson(`${folder}/tokenizer_config.json`)).chat_template, template);
      assert.deepEqual(await Deno.readFile(`${folder}/tokenizer.json`), tokenizer.files.get("tokenizer.json"));

      // Of a tokenizer that came without them the small files are made.
      const bare = new Map([...tokenizer.files].filter(([name]) => name === "tokenizer.json"));
      await saveMergedModel(sourceOfModel(model, new Tokenizer(HOUSE_MODEL, bare), "bare"), folder);
      assert.deepEqual(
        Object.keys(await filesOf(folder)),
        ["config.json", "generation_config.json", "model.safetensors"].concat(
          ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"],
        ),
      );
      // Several templates by name stay where they are: a file would hide all but one.
      const config = { chat_template: [{ name: "default", template }, { name: "tool_use", template: "tools" }] };
      const named = new Map([...bare, [
        "tokenizer_config.json" as const,
        new TextEncoder().encode(JSON.stringify(config)),
      ]]);
      await saveMergedModel(sourceOfModel(model, new Tokenizer(HOUSE_MODEL, named), "named"), folder);
      assert.deepEqual(await readJson(`${folder}/tokenizer_config.json`), config);
      assert.ok(!Object.keys(await filesOf(folder)).includes("chat_template.jinja"));
    })
  ));

Deno.test("saveMergedModel() leaves the earlier model when the disk is full at any moment, or when it is stopped", () =>
  withEngine((engine) =>
    inFolder(async (folder) => {
      await writeModel(`${folder}/base`, KINDS["qwen2 tied"], engine);
      const source = await openModelSource({ model: `${folder}/base` });
      const out = `${folder}/out`;
      await saveMergedModel(source, out, { dtype: "F32", maxShardBytes: 500_000 });
      await Deno.writeTextFile(`${out}/notes.txt`, "the user's own");
      const before = await filesOf(out);
      for (let failAt = 0;; failAt++) {
        try {
          await saveMergedModel(source, out, { fileSystem: failingFileSystem(failAt) });
        } catch (error) {
          assert.ok(error instanceof DiskFullError, String(error));
          assert.deepEqual(await filesOf(out), before, `operation ${failAt}`);
          continue;
        }
        assert.ok(failAt > 10);
        break;
      }
      const after = await filesOf(out);
      assert.ok("model.safetensors" in after && "notes.txt" in after && !("model.safetensors.index.json" in after));
      const abort = new AbortController();
      const onProgress = (done: number) => done === 5 && abort.abort(new Error("enough"));
      await assert.rejects(saveMergedModel(source, out, { dtype: "F16", onProgress, signal: abort.signal }), /enough/);
      assert.deepEqual(await filesOf(out), after);
      await assert.rejects(saveMergedModel(source, `${folder}/new`, { onProgress, signal: abort.signal }), /enough/);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["base", "out"]);
      source.close();
    })
  ));

Deno.test("saveMergedModel() refuses float16 for a weight that it cannot hold", () =>
  withHouseModel(({ model, tokenizer }) =>
    inFolder(async (folder) => {
      const source = sourceOfModel(model, tokenizer, "house");
      const read = async (name: string) => {
        const numbers = await source.read(name);
        if (name.endsWith("layers.2.mlp.up_proj.weight")) numbers[17] = -70000;
        return numbers;
      };
      const out = `${folder}/out`;
      const message = /weight "model.layers.2.mlp.up_proj.weight": float16 cannot hold -70000, .*export BF16/;
      await assert.rejects(saveMergedModel({ ...source, read }, out, { dtype: "F16" }), message);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
      await saveMergedModel({ ...source, read }, out, { dtype: "BF16" });
    })
  ));
