import assert from "node:assert/strict";
import { createLora, loadAdapter, type LoraAdapter, saveAdapter } from "../../lib/adapters/mod.ts";
import { DiskFullError } from "../../lib/files/mod.ts";
import { type CausalLM, openSafetensors, type TensorToWrite, writeSafetensors } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { failingFileSystem } from "../files/failing_file_system.ts";
import { GOLDEN } from "../support/golden.ts";
import { inFolder, numbersOf, withTinyModel } from "../support/tiny_model.ts";

const ALL_LINEAR = `${GOLDEN}lora/all_linear`;
const baseModel = "house/tiny";

/** An adapter whose factors are all random, as after training. */
async function randomAdapter(model: CausalLM, seed: number): Promise<LoraAdapter> {
  const random = new Random(seed);
  const adapter = await createLora(model, random, { r: 3, loraAlpha: 10, useRslora: seed % 2 === 0 });
  for (const factor of adapter.factors.values()) {
    (factor.data as Float32Array).forEach((_, i, values) => values[i] = random.normal());
  }
  return adapter;
}

/** Every file of a folder, by name. */
async function filesOf(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for await (const { name, isFile } of Deno.readDir(folder)) {
    assert.ok(isFile, `${name} was left in ${folder}`);
    files[name] = await Deno.readFile(`${folder}/${name}`);
  }
  return files;
}

Deno.test("saveAdapter() and loadAdapter() give the same adapter back, bit for bit", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      for (const seed of [1, 2]) {
        const adapter = await randomAdapter(model, seed);
        await saveAdapter(model, adapter, `${folder}/deep/adapter`, { baseModel });
        const loaded = await loadAdapter(model, `${folder}/deep/adapter`);
        assert.deepEqual(await numbersOf(model, loaded.factors), await numbersOf(model, adapter.factors));
        const { factors: _factors, ...rest } = adapter;
        assert.deepEqual({ ...loaded, factors: undefined }, { ...rest, factors: undefined });
      }
    })
  ));

Deno.test("saveAdapter() writes what PEFT wrote, byte for byte, when it saves PEFT's own adapter", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      for (const name of ["all_linear", "qv_rslora"]) {
        const golden = `${GOLDEN}lora/${name}`;
        const config = JSON.parse(await Deno.readTextFile(`${golden}/adapter_config.json`));
        const adapter = await loadAdapter(model, golden);
        assert.equal(adapter.loraAlpha, config.lora_alpha);
        await saveAdapter(model, adapter, folder, { baseModel: config.base_model_name_or_path });
        const [own, peft] = [await filesOf(folder), await filesOf(golden)];
        assert.deepEqual(own["adapter_model.safetensors"], peft["adapter_model.safetensors"]);

        const text = new TextDecoder().decode(own["adapter_config.json"]);
        const written = JSON.parse(text);
        assert.deepEqual(Object.keys(written), Object.keys(written).sort());
        assert.equal(text, JSON.stringify(written, null, 2) + "\n");
        written.target_modules.sort();
        for (const [key, value] of Object.entries(written)) assert.deepEqual(value, config[key] ?? null, key);
      }
    })
  ));

Deno.test("saveAdapter() refuses a path at which a file stands, and leaves it", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "mine");
      const adapter = await createLora(model, new Random(1), { r: 2 });
      const options = { baseModel: "x" };
      await assert.rejects(saveAdapter(model, adapter, `${folder}/file`, options), /is a file: expected a folder/);
      assert.equal(await Deno.readTextFile(`${folder}/file`), "mine");
    })
  ));

Deno.test("loadAdapter() finds target modules by their paths, and all of them for all-linear", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      await Deno.copyFile(`${ALL_LINEAR}/adapter_model.safetensors`, `${folder}/adapter_model.safetensors`);
      const config = JSON.parse(await Deno.readTextFile(`${ALL_LINEAR}/adapter_config.json`));
      const paths = ["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => `self_attn.${name}`);
      const mlp = ["mlp.gate_proj", "up_proj", "mlp.down_proj"];
      for (const target_modules of ["all-linear", [...paths, ...mlp]]) {
        await Deno.writeTextFile(`${folder}/adapter_config.json`, JSON.stringify({ ...config, target_modules }));
        assert.equal((await loadAdapter(model, folder)).modules.length, 7);
      }
    })
  ));

/** Copies PEFT's folder with a changed configuration or changed tensors, and loads it. */
async function loadChanged(
  model: CausalLM,
  config: Record<string, unknown> | string,
  tensors: (given: TensorToWrite[]) => TensorToWrite[] = (given) => given,
): Promise<void> {
  await inFolder(async (folder) => {
    const given = JSON.parse(await Deno.readTextFile(`${ALL_LINEAR}/adapter_config.json`));
    const text = typeof config === "string" ? config : JSON.stringify({ ...given, ...config });
    await Deno.writeTextFile(`${folder}/adapter_config.json`, text);
    const file = await openSafetensors(`${ALL_LINEAR}/adapter_model.safetensors`);
    const list: TensorToWrite[] = [];
    for (const name of file.names) {
      const { dtype, shape } = file.info(name);
      list.push({ name, dtype, shape, data: await file.read(name) });
    }
    file.close();
    await writeSafetensors(`${folder}/adapter_model.safetensors`, tensors(list));
    try {
      await loadAdapter(model, folder);
    } catch (error) {
      assert.ok((error as Error).message.includes(folder), `the message names no file: ${(error as Error).message}`);
      throw error;
    }
  });
}

const refusedConfigs: [string | Record<string, unknown>, RegExp][] = [
  ["{", /adapter_config.json: cannot be read .*expected a folder that PEFT or Kiln saved/],
  ["[]", /adapter_config.json: Invalid input: expected object/],
  [{ r: 0 }, /adapter_config.json: field "r": /],
  [{ r: "8" }, /field "r": /],
  [{ lora_alpha: null }, /field "lora_alpha": /],
  [{ peft_type: "IA3" }, /peft_type "IA3" is not supported; expected "LORA"/],
  [{ use_dora: true }, /use_dora true is not supported/],
  [{ bias: "lora_only" }, /bias "lora_only" is not supported; expected "none"/],
  [{ lora_bias: true }, /lora_bias true is not supported/],
  [{ fan_in_fan_out: true }, /fan_in_fan_out true is not supported/],
  [{ modules_to_save: ["lm_head"] }, /modules_to_save \["lm_head"\] is not supported/],
  [{ rank_pattern: { q_proj: 16 } }, /rank_pattern \{"q_proj":16\} is not supported/],
  [{ alpha_pattern: { q_proj: 16 } }, /alpha_pattern .* is not supported/],
  [{ layers_to_transform: [0, 1] }, /layers_to_transform \[0,1\] is not supported/],
  [{ layer_replication: [[0, 2], [1, 3]] }, /layer_replication .* is not supported/],
  [{ alora_invocation_tokens: [5] }, /alora_invocation_tokens \[5\] is not supported/],
  [{ init_lora_weights: "pissa_niter_4" }, /init_lora_weights "pissa_niter_4" changes the base model/],
  [{ target_modules: ["q_proj", "lm_head"] }, /target module "lm_head" is not supported; expected some of q_proj/],
  [{ target_modules: ".*_proj" }, /target module "\.\*_proj" is not supported/],
  [
    { r: 8 },
    /adapter_model.safetensors: tensor ".*layers.0.self_attn.q_proj.lora_A.weight" is \[4, 32\], but the model and r 8 ask for one of \[8, 32\]/,
  ],
  [{ target_modules: ["q_proj"] }, /adapter_model.safetensors: tensor ".*" belongs to none of the model's layers/],
];

for (const [config, message] of refusedConfigs) {
  Deno.test(`loadAdapter() refuses the configuration ${JSON.stringify(config)} and names the file`, () =>
    withTinyModel((model) => assert.rejects(loadChanged(model, config), message)));
}

Deno.test("loadAdapter() refuses missing, extra, misshapen and integer tensors, frees what it read, and names the file", () =>
  withTinyModel(async (model) => {
    const bytes = model.engine.bytesInUse;
    await loadChanged(model, {});
    assert.ok(model.engine.bytesInUse > bytes);
    const loaded = model.engine.bytesInUse;
    const name = "base_model.model.model.layers.2.mlp.down_proj.lora_B.weight";
    const change = (changed: Partial<TensorToWrite>) => (list: TensorToWrite[]) =>
      list.map((tensor) => tensor.name === name ? { ...tensor, ...changed } : tensor);
    const cases: [(list: TensorToWrite[]) => TensorToWrite[], RegExp][] = [
      [(list) => list.filter((tensor) => tensor.name !== name), /there is no tensor ".*layers.2.mlp.down_proj.lora_B/],
      [
        (list) => [...list, { ...list[0], name: `${name}.2` }],
        /tensor ".*weight.2" belongs to none of the model's layers/,
      ],
      [change({ name: "down_proj.lora_B.weight" }), /there is no tensor/],
      [
        change({ shape: [4, 32] }),
        /is \[4, 32\], but the model and r 4 ask for one of \[32, 4\]; was the adapter made/,
      ],
      [change({ dtype: "I32", data: new Int32Array(128) }), /is I32, expected F32, F16, BF16 or F64/],
    ];
    for (const [tensors, message] of cases) await assert.rejects(loadChanged(model, {}, tensors), message);
    assert.equal(model.engine.bytesInUse, loaded);
  }));

Deno.test("loadAdapter() says which file is absent", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      await assert.rejects(
        loadAdapter(model, folder),
        /adapter_config.json: cannot be read .*expected a folder that PEFT/,
      );
      await Deno.copyFile(`${ALL_LINEAR}/adapter_config.json`, `${folder}/adapter_config.json`);
      await assert.rejects(loadAdapter(model, folder), /adapter_model.safetensors: there is no such file/);
    })
  ));

Deno.test("saveAdapter() leaves the earlier adapter, or no folder, when the disk is full at any moment", () =>
  withTinyModel((model) =>
    inFolder(async (folder) => {
      const [old, next] = [await randomAdapter(model, 1), await randomAdapter(model, 2)];
      for (const replaces of [false, true]) {
        const target = `${folder}/${replaces ? "old" : "new"}`;
        if (replaces) {
          await saveAdapter(model, old, target, { baseModel });
          await Deno.writeTextFile(`${target}/README.md`, "a file of the user");
        }
        const before = replaces ? await filesOf(target) : null;
        for (let failAt = 0;; failAt++) {
          const fileSystem = failingFileSystem(failAt);
          try {
            await saveAdapter(model, next, target, { baseModel, fileSystem });
          } catch (error) {
            assert.ok(error instanceof DiskFullError, String(error));
            assert.ok(error.path.startsWith(target), error.message);
            assert.ok(!error.path.includes(".partial"), error.message);
            if (before) assert.deepEqual(await filesOf(target), before, `operation ${failAt}`);
            // Flushing the parent folder comes after the rename: the whole new folder may be there.
            else if (await Deno.stat(target).catch(() => null)) await loadAdapter(model, target);
            const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith("."));
            assert.deepEqual(left, [], `operation ${failAt}`);
            if (!before) await Deno.remove(target, { recursive: true }).catch(() => {});
            continue;
          }
          assert.ok(failAt > 10, `only ${failAt} operations`);
          break;
        }
        assert.deepEqual(
          await numbersOf(model, (await loadAdapter(model, target)).factors),
          await numbersOf(model, next.factors),
        );
        const names = Object.keys(await filesOf(target)).sort();
        assert.deepEqual(names.slice(-2), ["adapter_config.json", "adapter_model.safetensors"]);
        assert.equal(names.length, replaces ? 3 : 2, "other files stay, and nothing else is left");
      }
    })
  ));
