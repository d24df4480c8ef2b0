import assert from "node:assert/strict";
import {
  createLora,
  loadAdapter,
  type LoraAdapter,
  loraParameterCount,
  mergeAdapter,
  modelWithTables,
  saveAdapter,
} from "../../lib/adapters/mod.ts";
import {
  type CausalLM,
  generate,
  loadModel,
  openSafetensors,
  resizeEmbeddings,
  saveModel,
  type TensorToWrite,
  writeSafetensors,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { collect, inFolder, numbersOf, TINY_MODEL, withEngine, withTinyModel } from "../support/tiny_model.ts";

const UNTIED = `${GOLDEN}qwen2_tiny/untied`;
const TABLE = "model.embed_tokens.weight";
const ROWS = "model.embed_tokens.token_adapter.trainable_tokens_delta";

/** Runs a test with a model, a view of it with 98 tokens, and an adapter all of whose numbers are random. */
async function withCarried(
  { folder = TINY_MODEL, ...carried }: { folder?: string } & Parameters<typeof createLora>[2],
  run: (given: { model: CausalLM; wider: CausalLM; adapter: LoraAdapter }) => Promise<void>,
): Promise<void> {
  await withEngine(async (engine) => {
    const model = await loadModel(folder, { engine });
    const wider = await resizeEmbeddings(model, 98);
    const random = new Random("carried");
    const adapter = await createLora(wider, random, { r: 2, ...carried });
    for (const tensor of adapter.factors.values()) {
      (tensor.data as Float32Array).forEach((value, i, all) => all[i] = value + 0.2 * random.normal());
    }
    await run({ model, wider, adapter });
    adapter.factors.forEach((factor) => factor.dispose());
    await wider.dispose();
    await model.dispose();
    assert.equal(engine.bytesInUse, 0);
  });
}

const KINDS = {
  "the tied table": { modulesToSave: ["lm_head"] as const },
  "both tables": { folder: UNTIED, modulesToSave: ["embed_tokens", "lm_head"] as const },
  "a head alone": { folder: UNTIED, modulesToSave: ["lm_head"] as const },
  "rows of the tied table": { trainableTokenIndices: [97, 3, 96] },
  "rows of both tables": { folder: UNTIED, trainableTokenIndices: [97, 3, 96] },
};

const prompts = [[2, 3, 90], [5, 97, 3, 96]];

async function textOf(model: CausalLM, adapter: LoraAdapter | null, of = prompts): Promise<unknown> {
  const completions = await generate(model, { prompts: of, temperature: 0, maxNewTokens: 12, adapter });
  return completions.flat().map(({ tokenIds }) => tokenIds);
}

Deno.test("createLora() copies what it is to carry, one table where two are tied", () =>
  withTinyModel(async (model) => {
    const plain = await createLora(model, new Random(1), { r: 2 });
    const tables = await createLora(model, new Random(1), { r: 2, modulesToSave: ["embed_tokens", "lm_head"] });
    const rows = await createLora(model, new Random(1), { r: 2, trainableTokenIndices: [95, 0] });
    assert.deepEqual([...tables.factors.keys()].slice(plain.factors.size), [TABLE]);
    assert.deepEqual([...rows.factors.keys()].slice(plain.factors.size), [ROWS]);
    assert.equal(loraParameterCount(tables) - loraParameterCount(plain), 96 * 32);
    assert.equal(loraParameterCount(rows) - loraParameterCount(plain), 2 * 32);
    const own = await model.readWeight(TABLE);
    assert.notEqual(tables.factors.get(TABLE)!.data, own);
    assert.deepEqual(tables.factors.get(TABLE)!.data, own);
    assert.deepEqual(rows.factors.get(ROWS)!.data, Float32Array.of(...own.slice(95 * 32), ...own.slice(0, 32)));
    for (const adapter of [plain, tables, rows]) adapter.factors.forEach((factor) => factor.dispose());
  }));

Deno.test("createLora() names the table or token that it cannot carry", () =>
  withTinyModel(async (model) => {
    const bytes = model.engine.bytesInUse;
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ modulesToSave: ["score"] }, /modulesToSave: expected some of embed_tokens, lm_head, got score/],
      [{ modulesToSave: ["lm_head"], trainableTokenIndices: [1] }, /expected one of the two/],
      [{ trainableTokenIndices: [96] }, /the model has 96 tokens, got 96; make room with resizeEmbeddings\(\)/],
      [{ trainableTokenIndices: [1.5] }, /got 1.5/],
      [{ trainableTokenIndices: [3, 4, 3] }, /a token is named twice/],
    ];
    for (const [options, message] of cases) await assert.rejects(createLora(model, new Random(1), options), message);
    assert.equal(model.engine.bytesInUse, bytes);
  }));

for (const [kind, options] of Object.entries(KINDS)) {
  Deno.test(`an adapter that carries ${kind} is saved, loaded for the plain base, and generates the same; the base stays`, () =>
    withCarried(options, ({ model, wider, adapter }) =>
      inFolder(async (folder) => {
        const before = await textOf(model, null, prompts.slice(0, 1));
        const view = await modelWithTables(wider, adapter);
        const expected = await textOf(view, adapter);
        assert.notDeepEqual(expected, await textOf(wider, null));
        await view.dispose();

        await saveAdapter(wider, adapter, folder, { baseModel: "house/tiny" });
        const base = kind === "a head alone" ? wider : model;
        const loaded = await loadAdapter(base, folder);
        assert.deepEqual(await numbersOf(model, loaded.factors), await numbersOf(model, adapter.factors));
        assert.deepEqual(loaded.trainableTokenIndices, adapter.trainableTokenIndices);
        const again = await modelWithTables(base, loaded);
        assert.equal(again.config.vocabSize, 98);
        assert.deepEqual(await textOf(again, loaded), expected);
        assert.deepEqual(await textOf(model, null, prompts.slice(0, 1)), before);
        await again.dispose();
        loaded.factors.forEach((factor) => factor.dispose());
      })));

  Deno.test(`mergeAdapter() puts ${kind} into the view, which can be saved as a model; the base stays`, () =>
    withCarried(options, ({ model, wider, adapter }) =>
      inFolder(async (folder) => {
        const before = await numbersOf(model, model.weights);
        const view = await modelWithTables(wider, adapter);
        const expected = await textOf(view, adapter);
        await mergeAdapter(view, adapter);
        assert.deepEqual(await textOf(view, null), expected);
        await saveModel(view, folder, { dtype: "F32" });
        await view.dispose();
        const merged = await loadModel(folder, { engine: model.engine });
        assert.equal(merged.config.vocabSize, 98);
        assert.deepEqual(await textOf(merged, null), expected);
        await merged.dispose();
        assert.deepEqual(await numbersOf(model, model.weights), before);
        assert.ok([...adapter.factors.values()].every((factor) => factor.data!.length > 0), "the adapter stays");
      })));
}

Deno.test("saveAdapter() writes tables as PEFT wrote them, byte for byte", () =>
  withEngine(async (engine) => {
    for (const name of ["tied_tables", "apart_tables", "untied_rows"]) {
      const golden = `${GOLDEN}new_tokens/${name}`;
      const config = JSON.parse(await Deno.readTextFile(`${golden}/adapter_config.json`));
      const model = await loadModel(name === "untied_rows" ? UNTIED : TINY_MODEL, { engine });
      const wider = await resizeEmbeddings(model, 99);
      const adapter = await loadAdapter(model, golden);
      await inFolder(async (folder) => {
        await saveAdapter(wider, adapter, folder, { baseModel: config.base_model_name_or_path });
        const file = "adapter_model.safetensors";
        assert.deepEqual(await Deno.readFile(`${folder}/${file}`), await Deno.readFile(`${golden}/${file}`), name);
        const written = JSON.parse(await Deno.readTextFile(`${folder}/adapter_config.json`));
        // PEFT names the tied table a second time, by its path.
        if (name === "tied_tables") config.modules_to_save = ["embed_tokens"];
        for (const [key, value] of Object.entries(written)) {
          assert.deepEqual(value, config[key] ?? null, `${name}: ${key}`);
        }
      });
      adapter.factors.forEach((factor) => factor.dispose());
      await wider.dispose();
      await model.dispose();
    }
  }));

Deno.test("an adapter's tables are not used with a model of another size: the message says what to do", () =>
  withCarried(KINDS["the tied table"], async ({ model, wider, adapter }) => {
    const trainDataset = [{ ids: [2, 5, 3], lossMask: [false, true, true] }];
    await assert.rejects(
      collect(sft({ model, adapter, trainDataset, maxSteps: 1 })),
      /the adapter's "model.embed_tokens.weight" is \[98, 32\], and the model's vocabulary of 96 asks for \[96, 32\]: use modelWithTables/,
    );
    await assert.rejects(mergeAdapter(model, adapter), /use modelWithTables/);
    for (const other of [model, wider]) {
      await assert.rejects(
        textOf(other, adapter, [[2, 3]]),
        /generate with the model that modelWithTables\(model, adapter\) gives/,
      );
    }
    const rows = await createLora(wider, new Random(1), { r: 2, trainableTokenIndices: [3, 97] });
    await assert.rejects(
      collect(sft({ model, adapter: rows, trainDataset, maxSteps: 1 })),
      /has a row for token 97, and the model's vocabulary is 96/,
    );
    await assert.rejects(
      modelWithTables(model, rows),
      /no row of embed_tokens for token 96, and the model has 96 tokens/,
    );
    rows.factors.forEach((factor) => factor.dispose());
    const small = await loadModel(TINY_MODEL, { engine: model.engine, precision: "8bit" });
    const own = await createLora(small, new Random(1), { r: 2, modulesToSave: ["embed_tokens"] });
    await assert.rejects(
      collect(sft({ model: small, adapter: own, trainDataset, maxSteps: 1 })),
      /carries tables in float32, and the model holds its own in uint8/,
    );
    own.factors.forEach((factor) => factor.dispose());
    await small.dispose();
  }));

Deno.test("modelWithTables() of an adapter without tables is the model, whoever disposes what", () =>
  withTinyModel(async (model) => {
    const adapter = await createLora(model, new Random(1), { r: 2 });
    const view = await modelWithTables(model, adapter);
    const expected = await textOf(model, adapter, prompts.slice(0, 1));
    assert.deepEqual(await textOf(view, adapter, prompts.slice(0, 1)), expected);
    await view.dispose();
    assert.deepEqual(await textOf(model, adapter, prompts.slice(0, 1)), expected);
    adapter.factors.forEach((factor) => factor.dispose());
  }));

/** Loads a golden folder of PEFT with another configuration or other tensors. */
async function loadChanged(
  name: string,
  config: Record<string, unknown>,
  change: (tensors: TensorToWrite[]) => TensorToWrite[] = (tensors) => tensors,
): Promise<void> {
  await withEngine((engine) =>
    inFolder(async (folder) => {
      const golden = `${GOLDEN}new_tokens/${name}`;
      const given = JSON.parse(await Deno.readTextFile(`${golden}/adapter_config.json`));
      await Deno.writeTextFile(`${folder}/adapter_config.json`, JSON.stringify({ ...given, ...config }));
      const file = await openSafetensors(`${golden}/adapter_model.safetensors`);
      const tensors: TensorToWrite[] = [];
      for (const name of file.names) tensors.push({ ...file.info(name), data: await file.read(name) });
      file.close();
      await writeSafetensors(`${folder}/adapter_model.safetensors`, change(tensors));
      const model = await loadModel(name.startsWith("untied") ? UNTIED : TINY_MODEL, { engine });
      const bytes = engine.bytesInUse;
      try {
        await loadAdapter(model, folder);
      } catch (error) {
        assert.ok((error as Error).message.includes(folder), `the message names no file: ${(error as Error).message}`);
        assert.equal(engine.bytesInUse, bytes);
        throw error;
      } finally {
        await model.dispose();
      }
    })
  );
}

const without = (name: string) => (tensors: TensorToWrite[]) => tensors.filter((tensor) => !tensor.name.endsWith(name));
const wrong: [string, Record<string, unknown>, RegExp, ((tensors: TensorToWrite[]) => TensorToWrite[])?][] = [
  ["tied_tables", { modules_to_save: ["score"] }, /adapter_config.json: modules_to_save \["score"\] is not supported/],
  ["tied_tables", { modules_to_save: "lm_head" }, /field "modules_to_save": /],
  ["tied_tables", { trainable_token_indices: [3] }, /together with trainable_token_indices is not supported/],
  ["tied_tables", { ensure_weight_tying: false, modules_to_save: ["embed_tokens"] }, /which it would take apart/],
  [
    "tied_tables",
    {},
    /there is no tensor ".*embed_tokens.weight"; expected one of \[96, 32\]/,
    without("embed_tokens.weight"),
  ],
  [
    "tied_rows",
    { trainable_token_indices: [3, 96, 97] },
    /trainable_tokens_delta" is \[4, 32\]; expected one of \[3, 32\]/,
  ],
  [
    "tied_rows",
    { trainable_token_indices: { lm_head: [3, 96, 97, 98] } },
    /other tokens in one table than in the other/,
  ],
  [
    "tied_rows",
    { trainable_token_indices: { q_proj: [3] } },
    /trainable_token_indices of \["q_proj"\] is not supported/,
  ],
  ["untied_rows", {}, /there is no tensor ".*lm_head.*delta"/, without("lm_head.token_adapter.trainable_tokens_delta")],
  ["untied_rows", { trainable_token_indices: { embed_tokens: [1], lm_head: [2] } }, /other tokens in one table/],
  [
    "tied_rows",
    {},
    /the base's row of token 5 in ".*base_layer.weight" is not the model's/,
    (tensors) =>
      tensors.map((tensor) => {
        if (!tensor.name.endsWith("embed_tokens.token_adapter.base_layer.weight")) return tensor;
        const data = (tensor.data as Float32Array).slice();
        data[5 * 32 + 7] += 1;
        return { ...tensor, data };
      }),
  ],
];

for (const [name, config, message, change] of wrong) {
  Deno.test(`loadAdapter() refuses new_tokens/${name} with ${JSON.stringify(config)}: ${message.source.slice(0, 40)}`, () =>
    assert.rejects(loadChanged(name, config, change), message));
}
