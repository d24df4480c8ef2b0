import assert from "node:assert/strict";
import * as fc from "fast-check";
import { saveAdapter } from "../../lib/adapters/mod.ts";
import { denoFileSystem, type FileSystem } from "../../lib/files/mod.ts";
import {
  compareLogits,
  exportModel,
  type ExportOptions,
  openGgufSource,
  openModelSource,
  textLogits,
  VerificationError,
} from "../../lib/formats/mod.ts";
import { loadModel, openCheckpoint, weightShapes } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { createRun } from "../../lib/train/mod.ts";
import { tokenizerDifferences } from "../../lib/formats/export/probe_texts.ts";
import { completeTokenizerFiles, Tokenizer, type TokenizerFileName } from "../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { inFolder, withEngine } from "../support/tiny_model.ts";
import { KINDS, randomAdapter, withNewTokens, writeModel } from "./exportable_model.ts";

async function filesOf(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const { name, isFile } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (isFile) files[name] = new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
  }
  return files;
}

/** Runs a test with a run whose adapter brings tokens or does not, as notebooks leave it. */
async function withRun(
  kind: string,
  run: (given: { outputs: string; path: string; base: string }) => Promise<void>,
  { newTokens = false } = {},
): Promise<void> {
  await withEngine((engine) =>
    inFolder(async (folder) => {
      const [base, outputs] = [`${folder}/base`, `${folder}/outputs`];
      await writeModel(base, KINDS[kind], engine);
      const model = await loadModel(base, { engine });
      const { wider, tokenizer, ids } = await withNewTokens(model);
      const adapter = await randomAdapter(newTokens ? wider : model, newTokens ? { trainableTokenIndices: ids } : {});
      const made = await createRun("tiny-sft", { steps: 1 }, { outputs });
      await saveAdapter(newTokens ? wider : model, adapter, `${made.path}/adapter`, { baseModel: "../base" });
      if (newTokens) await tokenizer.save(`${made.path}/adapter`);
      const results = [{ measure: "accuracy", before: "1%", after: "2%" }];
      await made.writeCard({ title: "A tiny run", baseModel: "../base", summary: "It learned a little.", results });
      await made.close();
      adapter.factors.forEach((factor) => factor.dispose());
      await wider.dispose();
      await model.dispose();
      await run({ outputs, path: made.path, base });
    })
  );
}

type Format = Pick<ExportOptions, "to"> & Record<string, unknown>;

const FORMATS: readonly Format[] = [
  { to: "peft" },
  { to: "hf", dtype: "F32" },
  { to: "hf", dtype: "F16" },
  { to: "hf", maxShardBytes: 400_000 },
  { to: "gguf", type: ["F32", "Q8_0", "Q4_K"] },
  { to: "onnx", precision: ["f32", "4bit"] },
];

for (const kind of Object.keys(KINDS)) {
  for (const newTokens of [false, true]) {
    Deno.test(`exportModel() writes every format and reads it back: ${kind}${newTokens ? ", new tokens" : ""}`, () =>
      withRun(kind, async ({ path, outputs }) => {
        for (const format of FORMATS) {
          const seen: [number, number][] = [];
          const { folder, files, verifications } = await exportModel({
            ...format as { to: "hf" },
            source: "tiny-sft",
            outputs,
            onProgress: (done, total) => seen.push([done, total]),
          });
          assert.equal(folder, `${path}/export/${format.to}`);
          const what = [format.type ?? format.precision ?? format.dtype ?? (format.to === "hf" ? "BF16" : "F32")]
            .flat();
          assert.deepEqual(verifications!.map(({ format }) => format), what);
          for (const { problems, relativeError, bound, sameTop } of verifications!) {
            assert.deepEqual(problems, []);
            assert.ok(relativeError <= bound && sameTop > 0.3, `${what}: ${relativeError} ${sameTop}`);
          }
          for (const { file, bytes } of files) assert.equal((await Deno.stat(`${folder}/${file}`)).size, bytes, file);
          const total = seen[0][1];
          assert.deepEqual(seen.at(-1), [total, total]);
          assert.ok(seen.every(([done, all], at) => all === total && done >= (seen[at - 1]?.[0] ?? 0)));
          const card = await Deno.readTextFile(`${folder}/README.md`);
          for (
            const text of ["# tiny-sft-001", "It learned a little.", "| accuracy | 1% | 2% |", ...what as string[]]
          ) {
            assert.ok(card.includes(text), `${text} is not in:\n${card}`);
          }
          assert.ok(!card.includes(outputs), "the card tells where files were");
        }
      }, { newTokens }));
  }
}

Deno.test("exportModel() takes a GGUF file back to a Hugging Face folder with the same weights", () =>
  withRun("qwen2 tied", async ({ path, outputs }) => {
    const common = { outputs, verify: true };
    const { folder } = await exportModel({ ...common, source: path, to: "gguf", type: "F32" });
    const file = `${folder}/tiny-sft-001-F32.gguf`;
    const output = `${outputs}/back`;
    await exportModel({ ...common, source: file, to: "hf", dtype: "F32", output });
    const merged = await openModelSource({ model: path.replace(/outputs.*/, "base"), adapter: `${path}/adapter` });
    const back = await openCheckpoint(output);
    for (const name of Object.keys(weightShapes(merged.config))) {
      assert.deepEqual(await back.readF32(name), await merged.read(name), name);
    }
    back.close();
    merged.close();
    const source = await openGgufSource(file);
    const again = await openModelSource({ model: output });
    assert.deepEqual(again.config, source.config);
    again.close();
    source.close();
    await assert.rejects(
      exportModel({ ...common, source: file, to: "peft" }),
      /is a whole model, and PEFT's format is for adapters/,
    );
  }));

Deno.test("exportModel() into PEFT's format names a base that is found from anywhere", () =>
  withRun("llama untied", async ({ path, base, outputs }) => {
    const { folder } = await exportModel({ source: path, to: "peft", outputs });
    const config = JSON.parse(await Deno.readTextFile(`${folder}/adapter_config.json`));
    assert.equal(config.base_model_name_or_path, await Deno.realPath(base));
    const own = JSON.parse(await Deno.readTextFile(`${path}/adapter/adapter_config.json`));
    assert.deepEqual({ ...config, base_model_name_or_path: "" }, { ...own, base_model_name_or_path: "" });
    const weights = "adapter_model.safetensors";
    assert.deepEqual(await Deno.readFile(`${folder}/${weights}`), await Deno.readFile(`${path}/adapter/${weights}`));
  }));

/** A disk that turns numbers of a file upside down while it is written. */
function damaging(name: string): FileSystem {
  return {
    ...denoFileSystem,
    create: async (path) => {
      const file = await denoFileSystem.create(path);
      if (!path.includes(name)) return file;
      let first = true;
      return {
        ...file,
        write: (bytes: Uint8Array) => {
          const isHeader = first;
          first = false;
          if (isHeader) return file.write(bytes);
          return file.write(bytes.map((byte, at) => at % 2 === 1 ? byte ^ 0x80 : byte));
        },
        sync: () => file.sync(),
        close: () => file.close(),
        truncate: (length: number) => file.truncate(length),
      };
    },
  };
}

Deno.test("exportModel() keeps nothing of an export that does not give what its source does, and all of the earlier one", () =>
  withRun("qwen3 tied", async ({ path, outputs }) => {
    const common = { source: path, to: "hf", outputs } as const;
    const { folder } = await exportModel({ ...common, dtype: "F16" });
    const before = await filesOf(folder);
    const fileSystem = damaging("model.safetensors");
    const failure = await exportModel({ ...common, fileSystem }).then(() => null, (error) => error);
    assert.ok(failure instanceof VerificationError, String(failure));
    assert.match(failure.message, /does not give what its source does, and was not kept: BF16: its logits are /);
    assert.ok(!(failure.verifications[0].relativeError < 0.04));
    assert.deepEqual(await filesOf(folder), before);
    await assert.rejects(exportModel({ ...common, fileSystem, output: `${outputs}/new` }), VerificationError);
    assert.deepEqual([...Deno.readDirSync(outputs)].map(({ name }) => name), ["tiny-sft-001"]);
    // Who does not want to know is not told.
    const { verifications } = await exportModel({ ...common, fileSystem, verify: false });
    assert.equal(verifications, null);
    assert.match(await Deno.readTextFile(`${folder}/README.md`), /Not verified/);
  }));

Deno.test("exportModel() that is stopped leaves what was there", () =>
  withRun("qwen2 tied", async ({ path, outputs }) => {
    for (const to of ["peft", "hf", "gguf", "onnx"] as const) {
      const format = { to };
      const options = { ...format as { to: "hf" }, source: path, outputs };
      let total = 0;
      await exportModel({ ...options, onProgress: () => total++ });
      const before = await filesOf(`${path}/export/${format.to}`);
      for (const share of [0.1, 0.6]) {
        const abort = new AbortController();
        let count = 0;
        const onProgress = () => ++count === Math.ceil(share * total) && abort.abort(new Error("enough"));
        const stopped = exportModel({ ...options, onProgress: () => void onProgress(), signal: abort.signal });
        await assert.rejects(stopped, /enough/, `${format.to} at ${share}`);
        assert.deepEqual(await filesOf(`${path}/export/${format.to}`), before, `${format.to} at ${share}`);
        assert.deepEqual([...Deno.readDirSync(`${path}/export`)].filter(({ name }) => name.startsWith(".")), []);
      }
    }
  }));

Deno.test("exportModel() does not write over its own source, nor over a file", () =>
  withRun("qwen2 tied", async ({ path, base, outputs }) => {
    const before = await filesOf(base);
    for (const output of [base, `${path}/../../base`, `${path}/adapter`]) {
      await assert.rejects(
        exportModel({ source: path, to: "hf", output, outputs }),
        /is what is exported: choose another/,
      );
    }
    const file = `${base}/config.json`;
    await assert.rejects(exportModel({ source: path, to: "hf", output: file, outputs }), /config.json is a file/);
    assert.deepEqual(await filesOf(base), before);
  }));

Deno.test("exportModel() names an option that means nothing", async () => {
  const source = HOUSE_MODEL;
  const cases: [Format, RegExp][] = [
    [{ to: "hf", dtype: "F8" }, /dtype: expected one of BF16, F16, F32, got F8/],
    [{ to: "gguf", type: "Q3_K" }, /type: expected some of F32, .*, got Q3_K/],
    [{ to: "gguf", type: ["F16", "F16"] }, /each once, got F16, F16/],
    [{ to: "onnx", precision: [] }, /precision: expected some of f32, .*, got none/],
  ];
  for (const [format, message] of cases) {
    await assert.rejects(exportModel({ ...format as { to: "hf" }, source, output: "/nowhere/at/all" }), message);
  }
});

Deno.test("textLogits() gives the same row for a position whatever follows it", () =>
  withEngine(async (engine) => {
    const model = await loadModel(HOUSE_MODEL, { engine });
    const ids = Array.from({ length: 12 }, (_, at) => 40 + 7 * at);
    const [whole, part] = [await textLogits(model, ids), await textLogits(model, ids.slice(0, 5))];
    const { vocabSize } = model.config;
    assert.equal(whole.length, 12 * vocabSize);
    const { relativeError, sameTop } = compareLogits(part, whole.subarray(0, part.length), vocabSize);
    assert.ok(relativeError < 1e-5 && sameTop === 1, String(relativeError));
    await model.dispose();
  }));

Deno.test("compareLogits() finds no difference between equal ones, and what was put in between others", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 2, max: 50 }),
      (seed, tokens, vocabulary) => {
        const random = new Random(seed);
        const reference = Float32Array.from({ length: tokens * vocabulary }, () => 3 * random.normal());
        const same = compareLogits(reference, reference.slice(), vocabulary);
        assert.deepEqual(same, { relativeError: 0, meanKl: 0, sameTop: 1, positions: tokens });
        // The same number more at all tokens of a position is the same distribution.
        const shifted = compareLogits(reference, reference.map((value) => value + 2), vocabulary);
        assert.ok(shifted.meanKl < 1e-6 && shifted.sameTop === 1 && shifted.relativeError > 0);
        const doubled = compareLogits(reference, reference.map((value) => 2 * value), vocabulary);
        assert.ok(Math.abs(doubled.relativeError - 1) < 1e-6 && doubled.sameTop === 1 && doubled.meanKl > 0);
        const reversed = compareLogits(reference, reference.map((value) => -value), vocabulary);
        assert.equal(reversed.sameTop, 0);
      },
    ),
  );
  // Two tokens: p = 3/4, 1/4 and q = 1/2, 1/2.
  const { meanKl } = compareLogits(Float32Array.of(Math.log(3), 0), Float32Array.of(5, 5), 2);
  assert.ok(Math.abs(meanKl - (0.75 * Math.log(1.5) + 0.25 * Math.log(0.5))) < 1e-7);
  const broken = compareLogits(Float32Array.of(1, 0), Float32Array.of(NaN, 0), 2);
  assert.ok(Number.isNaN(broken.relativeError) && Number.isNaN(broken.meanKl));
  assert.throws(() => compareLogits(new Float32Array(4), new Float32Array(2), 2), /there are 2 logits: expected 4/);
});

Deno.test("tokenizerDifferences() finds other tokens, another template and another end, and nothing where all is the same", async () => {
  const tokenizer = await Tokenizer.load(HOUSE_MODEL);
  const again = new Tokenizer("again", completeTokenizerFiles(tokenizer) as Map<TokenizerFileName, Uint8Array>);
  assert.deepEqual(tokenizerDifferences(tokenizer, again), []);
  const other = tokenizer.withChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}");
  const differences = tokenizerDifferences(tokenizer, other);
  assert.ok(differences.includes("the chat template renders a conversation as another text"), differences.join());
  const changed = (name: TokenizerFileName, change: (text: string) => string) => {
    const text = change(new TextDecoder().decode(tokenizer.files.get(name)));
    return new Tokenizer("changed", new Map([...tokenizer.files, [name, new TextEncoder().encode(text)]]));
  };
  const ended = changed(
    "tokenizer_config.json",
    (text) => text.replace('"eos_token": "<|im_end|>"', '"eos_token": "<think>"'),
  );
  assert.deepEqual(tokenizerDifferences(tokenizer, ended), ["the end token is 7, expected 2"]);
  const unsplit = changed("tokenizer.json", (text) => {
    const json = JSON.parse(text);
    json.model.merges = json.model.merges.slice(0, 50);
    return JSON.stringify(json);
  });
  assert.match(
    tokenizerDifferences(tokenizer, unsplit)[0],
    /^"The library opens at nine. A b..." has \d+ as token \d+, expected \d+$/,
  );
});
