/**
 * What a user is told about bad input. Each case goes through the functions that a notebook calls, compares the whole
 * message (FOLDER stands for the test's folder), and checks that nothing was half-written or half-changed.
 */
import assert from "node:assert/strict";
import { createLora, loadAdapter, saveAdapter } from "../lib/adapters/mod.ts";
import { loadGsm8k } from "../lib/data/mod.ts";
import { DiskFullError, jsonlWriter, writeFileAtomic } from "../lib/files/mod.ts";
import { type CausalLM, loadModel, saveModel } from "../lib/models/mod.ts";
import { Random } from "../lib/random/mod.ts";
import { Tokenizer } from "../lib/tokenizer/mod.ts";
import { createRun, grpo, type RewardFunction, type Sampler, sft } from "../lib/train/mod.ts";
import { failingFileSystem } from "./files/failing_file_system.ts";
import { collect, idTokenizer, inFolder, numbersOf, TINY_MODEL, withTinyModel } from "./support/tiny_model.ts";
import { tinyTokenizer } from "./tokenizer/tiny.ts";

/** Runs a test with the tiny model and a folder. */
function withModelAndFolder(run: (model: CausalLM, folder: string) => Promise<void>): Promise<void> {
  return withTinyModel((model) => inFolder((folder) => run(model, folder)));
}

/** Asserts that something fails with exactly this message. */
async function assertMessage(folder: string, run: () => unknown, expected: string): Promise<void> {
  const failure = await Promise.resolve().then(run).then(() => assert.fail("there was no error"), (error) => error);
  assert.ok(failure instanceof Error);
  assert.equal(failure.message.replaceAll(folder, "FOLDER"), expected);
}

/** A copy of the tiny model's folder. */
async function copyOfModel(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/model`);
  for (const { name } of Deno.readDirSync(TINY_MODEL)) {
    await Deno.copyFile(`${TINY_MODEL}/${name}`, `${folder}/model/${name}`);
  }
  return `${folder}/model`;
}

/** Every file below a folder, hidden ones too, with its contents. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(found, { [`${path}/`]: "" }, await contentsOf(path));
    else found[path] = (await Deno.readFile(path)).toBase64();
  }
  return found;
}

/** Puts other text of the same length into a file's bytes. */
function replaced(bytes: Uint8Array<ArrayBuffer>, from: string, to: string): Uint8Array<ArrayBuffer> {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(from);
  assert.ok(at > 0 && from.length === to.length);
  bytes.set(new TextEncoder().encode(to), at);
  return bytes;
}

/** Another length in the first 8 bytes. */
function withHeaderLength(bytes: Uint8Array<ArrayBuffer>, length: bigint): Uint8Array<ArrayBuffer> {
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

const damagedWeights: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array, string][] = [
  [
    "that are cut off",
    (bytes) => bytes.subarray(0, bytes.length - 100),
    "cut off: the tensors end at byte 109920, the file has 109820. Fetch it again.",
  ],
  [
    "that are cut off in the header's length",
    (bytes) => bytes.subarray(0, 5),
    "cut off or not a safetensors file: it has 5 bytes, the header's length alone takes 8. Fetch it again.",
  ],
  [
    "whose header claims to be larger than the file",
    (bytes) => withHeaderLength(bytes, 200_000n),
    "cut off or not a safetensors file: the header claims 200000 bytes, the file has 109920. Fetch it again.",
  ],
  [
    "whose header claims a terabyte",
    (bytes) => withHeaderLength(bytes, 1n << 40n),
    "damaged or not a safetensors file: the header claims 1099511627776 bytes; at most 100000000 are read. Fetch it again.",
  ],
  [
    "whose header gives a tensor another shape than its bytes",
    (bytes) => replaced(bytes, "[96,32]", "[96,33]"),
    'tensor "model.embed_tokens.weight": F32 of shape [96,33] takes 12672 bytes, its data_offsets hold 12288: ' +
    "the header is damaged. Fetch the file again.",
  ],
  [
    "of an unknown number format",
    (bytes) => replaced(bytes, '"F32"', '"F99"'),
    'tensor "model.embed_tokens.weight": its dtype is "F99"; I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL can be read.',
  ],
];

for (const [how, damage, message] of damagedWeights) {
  Deno.test(`bad input: weights ${how}`, () =>
    withModelAndFolder(async (model, folder) => {
      const path = `${await copyOfModel(folder)}/model.safetensors`;
      await Deno.writeFile(path, damage(await Deno.readFile(path)));
      const load = () => loadModel(`${folder}/model`, { engine: model.engine });
      await assertMessage(folder, load, `FOLDER/model/model.safetensors: ${message}`);
    }));
}

Deno.test("bad input: a config of an unknown architecture", () =>
  withModelAndFolder(async (model, folder) => {
    const path = `${await copyOfModel(folder)}/config.json`;
    const config = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...config, model_type: "mamba" }));
    await assertMessage(
      folder,
      () => loadModel(`${folder}/model`, { engine: model.engine }),
      'FOLDER/model/config.json: model_type "mamba" is not supported; Kiln knows "qwen2" (Qwen2, Qwen2.5, ' +
        'DeepSeek-R1-Distill-Qwen), "qwen3" (dense Qwen3), "llama" (Llama 2 and 3, SmolLM2, TinyLlama, ' +
        "DeepSeek-R1-Distill-Llama)",
    );
  }));

/** A prompt for GRPO, and a sampler that gives something to learn from. */
const rows = [{ prompt: "5 6" }, { prompt: "7" }];
const sampler: Sampler = ({ prompts, samples }) =>
  Promise.resolve(
    prompts.flatMap(() => Array.from({ length: samples }, (_, i) => ({ tokenIds: [10 + i, 20], terminated: true }))),
  );
const length: RewardFunction = ({ completions }) => completions.map((_, i) => i % 3);

Deno.test("bad input: a tokenizer that does not fit the model's vocabulary", () =>
  withModelAndFolder(async (model, folder) => {
    await tinyTokenizer().save(`${folder}/tokenizer`);
    const tokenizer = await Tokenizer.load(`${folder}/tokenizer`);
    const before = await numbersOf(model, model.weights);
    const message =
      "FOLDER/tokenizer: the tokenizer has 278 tokens, the model's vocab_size is 96: they do not belong " +
      "together. Take the tokenizer from the model's folder, or resize the model's embedding.";
    await assertMessage(folder, () => tokenizer.assertFits(model.config.vocabSize), message);
    const options = { model, tokenizer, trainDataset: rows, sampler, rewards: { length } };
    await assertMessage(folder, () => collect(grpo(options)), message);

    const ids = tokenizer.encode("the cat sat");
    const trainDataset = [{ ids, lossMask: ids.map(() => true) }];
    await assertMessage(
      folder,
      () => collect(sft({ model, trainDataset })),
      `trainDataset, row 0: token id ${ids.find((id) => id >= 96)} is outside the model's vocabulary of 96; ` +
        "is the tokenizer the model's own?",
    );
    assert.deepEqual(await numbersOf(model, model.weights), before);
  }));

Deno.test("bad input: a tokenizer whose pattern would match forever, and a chat template that would never end", () =>
  inFolder(async (folder) => {
    await tinyTokenizer().save(folder);
    const path = `${folder}/tokenizer.json`;
    const json = JSON.parse(await Deno.readTextFile(path));
    json.pre_tokenizer = { type: "Split", pattern: { Regex: "(a+)+b" }, behavior: "Isolated", invert: false };
    await Deno.writeTextFile(path, JSON.stringify(json));
    await assertMessage(
      folder,
      () => Tokenizer.load(folder),
      "FOLDER/tokenizer.json: pre_tokenizer.pattern: the pattern is refused: it repeats something that can match the same " +
        'text in several ways (before "+b"), which may take forever.',
    );
    await tinyTokenizer().save(folder);
    await Deno.writeTextFile(`${folder}/chat_template.jinja`, "{% for i in range(10000000000) %}x{% endfor %}");
    const tokenizer = await Tokenizer.load(folder);
    await assertMessage(
      folder,
      () => tokenizer.applyChatTemplate([{ role: "user", content: "hi" }]),
      "FOLDER/chat_template.jinja: the chat template refuses this conversation: range() of 10000000000 numbers; at most " +
        "100000 are made",
    );
  }));

Deno.test("bad input: malformed lines of a JSONL file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/train.jsonl`;
    const good = '{"question":"How many?","answer":"3 and 4 is 7.\\n#### 7"}';
    const load = () => loadGsm8k({ source: folder });
    await Deno.writeTextFile(path, `${good}\n${good.slice(0, -1)}\n${good}\n`);
    await assertMessage(
      folder,
      load,
      `FOLDER/train.jsonl, line 2: not JSON: ${good.slice(0, -1)} ` +
        '(1 of 3 rows is bad; onBadRow: "skip" leaves such rows out)',
    );
    await Deno.writeTextFile(path, `${good}\n{"question":"How many?","answer":"seven"}\n{"answer":"#### 7"}\n`);
    await assertMessage(
      folder,
      load,
      'FOLDER/train.jsonl, line 2: answer: expected worked steps and a last line "#### NUMBER" ' +
        '(2 of 3 rows are bad; onBadRow: "skip" leaves such rows out)',
    );
  }));

Deno.test("bad input: a row without a token to learn", () =>
  withModelAndFolder(async (model, folder) => {
    const before = await numbersOf(model, model.weights);
    const good = { ids: [2, 3], lossMask: [false, true] };
    const masked = { ids: [2, 3, 4], lossMask: [false, false, false] };
    await assertMessage(
      folder,
      () => collect(sft({ model, trainDataset: [good, good, masked] })),
      "trainDataset, row 2: every token is masked, so it would train nothing; was the completion cut off, or is it empty?",
    );
    assert.deepEqual(await numbersOf(model, model.weights), before);
  }));

const badRewards: [string, RewardFunction, string][] = [
  [
    "throws",
    ({ completions }) =>
      completions.map((text) => {
        if (text.startsWith("13")) throw new SyntaxError(`no number in "${text}"`);
        return 1;
      }),
    'reward "mine", row 3: it threw SyntaxError: no number in "13 20"',
  ],
  [
    "returns NaN",
    ({ completions }) => completions.map((text) => text.startsWith("11") ? Number("x") : 1),
    'reward "mine", row 1: it returned NaN: expected a finite number, or null to leave the row out',
  ],
];

for (const [how, mine, message] of badRewards) {
  Deno.test(`bad input: a reward function that ${how} in the second step`, () =>
    withModelAndFolder(async (model, folder) => {
      const run = await createRun("grpo", {}, { outputs: folder });
      let round = 0;
      let weights: Map<string, Float32Array> | null = null;
      const train = async () => {
        const steps = grpo({
          model,
          tokenizer: idTokenizer,
          trainDataset: rows,
          sampler: (request) => (round = request.round, sampler(request)),
          rewards: { length, mine: (batch) => round === 0 ? batch.completions.map(() => 0) : mine(batch) },
          numGenerations: 4,
          perDeviceTrainBatchSize: 8,
          learningRate: 1e-3,
        });
        for await (const { step, metrics } of steps) {
          await run.logMetrics(step, metrics);
          weights = await numbersOf(model, model.weights);
        }
      };
      await assertMessage(folder, train, message);
      await run.close();
      assert.deepEqual(await numbersOf(model, model.weights), weights, "the weights are those of the first step");
      const lines = (await Deno.readTextFile(`${run.path}/metrics.jsonl`)).split("\n");
      assert.equal(lines.length, 2);
      assert.equal(JSON.parse(lines[0]).step, 1);
      const names = Object.keys(await contentsOf(run.path)).map((path) => path.slice(run.path.length)).sort();
      assert.deepEqual(names.slice(0, 3), ["/metrics.jsonl", "/parameters.json", "/runs/"]);
      assert.match(names.slice(3).join(), /^\/runs\/events\.out\.tfevents\.[^,]+$/);
    }));
}

Deno.test("bad input: a disk that is full when an adapter or a model is saved", () =>
  withModelAndFolder(async (model, folder) => {
    const [old, next] = [await createLora(model, new Random(1)), await createLora(model, new Random(2))];
    await saveAdapter(model, old, `${folder}/adapter`, { baseModel: "tiny" });
    await saveModel(model, `${folder}/model`);
    const before = await contentsOf(folder);
    await assertMessage(
      folder,
      () => saveAdapter(model, next, `${folder}/adapter`, { baseModel: "tiny", fileSystem: failingFileSystem(6) }),
      "The disk is full: could not write FOLDER/adapter/adapter_model.safetensors " +
        "(49752 bytes are needed, it was full after 5208). Free some space and write it again.",
    );
    await assertMessage(
      folder,
      () => saveModel(model, `${folder}/model`, { dtype: "F32", fileSystem: failingFileSystem(6) }),
      "The disk is full: could not write FOLDER/model/model.safetensors " +
        "(109920 bytes are needed, it was full after 3808). Free some space and write it again.",
    );
    for (let failAt = 0; failAt < 12; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      const saved = saveAdapter(model, next, `${folder}/new`, { baseModel: "tiny", fileSystem });
      await assert.rejects(saved, DiskFullError);
    }
    assert.deepEqual(await contentsOf(folder), before, "the earlier files stand, and nothing else");
    const loaded = await loadAdapter(model, `${folder}/adapter`);
    assert.deepEqual(await numbersOf(model, loaded.factors), await numbersOf(model, old.factors));
  }));

Deno.test("bad input: a disk that is full while a run logs and writes its files", () =>
  inFolder(async (folder) => {
    await writeFileAtomic(`${folder}/chart.svg`, "<svg>old</svg>");
    const chart = (failAt: number) =>
      writeFileAtomic(`${folder}/chart.svg`, "<svg>new</svg>", { fileSystem: failingFileSystem(failAt) });
    await assertMessage(
      folder,
      () => chart(2),
      "The disk is full: could not write FOLDER/chart.svg (14 bytes are needed, it was full after 0). " +
        "Free some space and write it again.",
    );
    assert.equal(await Deno.readTextFile(`${folder}/chart.svg`), "<svg>old</svg>");

    const log = await jsonlWriter(`${folder}/metrics.jsonl`, { fileSystem: failingFileSystem(4) });
    await log.write({ loss: 2 });
    await assertMessage(
      folder,
      () => log.write({ loss: 1 }),
      "The disk is full: could not write FOLDER/metrics.jsonl (22 bytes are needed, it was full after 11). " +
        "Free some space and write it again.",
    );
    await log.close();
    assert.deepEqual(Object.keys(await contentsOf(folder)).sort(), [`${folder}/chart.svg`, `${folder}/metrics.jsonl`]);
    assert.equal(await Deno.readTextFile(`${folder}/metrics.jsonl`), '{"loss":2}\n');
  }));
