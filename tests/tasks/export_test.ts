/** `deno task export` as people start it. */
import assert from "node:assert/strict";
import { saveAdapter } from "../../lib/adapters/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { ExportUsageError, readExportArguments } from "../../lib/tasks/export.ts";
import { createRun } from "../../lib/train/mod.ts";
import { KINDS, randomAdapter, writeModel } from "../formats/exportable_model.ts";
import { uploadHub, WRITE_TOKEN } from "../models/hub_upload_server.ts";
import { inFolder, withEngine } from "../support/tiny_model.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

function task(args: readonly string[], cwd: string, env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", `${ROOT}deno.json`, `${ROOT}lib/tasks/export.ts`, ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

async function runTask(args: readonly string[], cwd: string, env?: Record<string, string>) {
  const { code, stdout, stderr } = await task(args, cwd, env).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, error };
}

/** A folder with a base model and a run in `outputs`. */
async function withRun(run: (folder: string, path: string) => Promise<void>, kind = "qwen2 tied", larger = {}) {
  await withEngine((engine) =>
    inFolder(async (folder) => {
      await writeModel(`${folder}/base`, { ...KINDS[kind], ...larger }, engine);
      const model = await loadModel(`${folder}/base`, { engine });
      const adapter = await randomAdapter(model);
      const { path, close } = await createRun("tiny-sft", {}, { outputs: `${folder}/outputs` });
      await saveAdapter(model, adapter, `${path}/adapter`, { baseModel: "../base" });
      await close();
      await model.dispose();
      await run(folder, path);
    })
  );
}

function entries(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("readExportArguments() reads what is asked for, in any case", () => {
  const read = (...args: string[]) => JSON.parse(JSON.stringify(readExportArguments(args)));
  assert.deepEqual(read("01-grpo", "--to", "hf", "--dtype", "f16", "--max-shard-size", "1.5GB"), {
    options: { source: "01-grpo", verify: true, to: "hf", dtype: "F16", maxShardBytes: 1.5e9 },
    isPrivate: false,
  });
  const everything = [
    "--output",
    "o",
    "--base-model",
    "b",
    "--tokenizer",
    "t",
    "--no-verify",
    "--push",
    "me/it",
    "--private",
  ];
  assert.deepEqual(read("--to", "GGUF", "--type", "q8_0,Q4_K", "run", ...everything), {
    options: {
      ...{ source: "run", output: "o", baseModel: "b", tokenizer: "t", repository: "me/it" },
      ...{ verify: false, to: "gguf", type: ["Q8_0", "Q4_K"] },
    },
    ...{ push: "me/it", isPrivate: true },
  });
  const precision = ["f16", "4bit"];
  assert.deepEqual(read("run", "--to=onnx", "--precision=f16,4bit").options, {
    source: "run",
    verify: true,
    to: "onnx",
    precision,
  });
  assert.deepEqual(read("run", "--to", "peft").options, { source: "run", verify: true, to: "peft" });
  assert.equal(readExportArguments(["run", "-h"]), "help");
});

Deno.test("readExportArguments() names what is wrong", () => {
  const cases: [string[], RegExp][] = [
    [[], /what is to be exported\? give a run, such as 01-grpo-gsm8k/],
    [["run"], /--to: expected one of peft, hf, gguf, onnx, got nothing/],
    [["run", "--to", "pdf"], /got pdf/],
    [["a", "b", "--to", "hf"], /one at a time; got a and b/],
    [["a", "--to", "hf", "--type", "Q4_K"], /--type belongs to --to gguf/],
    [["a", "--to", "gguf", "--dtype", "F16"], /--dtype belongs to --to hf/],
    [["a", "--to", "peft", "--precision", "f16"], /--precision belongs to --to onnx/],
    [["a", "--to", "gguf", "--type", "Q4_K,Q9"], /--type: expected one of F32, .*, got Q9/],
    [["a", "--to", "hf", "--max-shard-size", "5XB"], /--max-shard-size: expected a size such as 5GB or 500MB, got 5XB/],
    [["a", "--to", "hf", "--max-shard-size", "0"], /expected a size/],
    [["a", "--to", "hf", "--quick"], /Unknown option '--quick'/],
    [["a", "--to", "hf", "--push", "name"], /--push: expected owner\/name, got name/],
    [["a", "--to", "hf", "--private"], /--private belongs to --push/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => readExportArguments(args), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof ExportUsageError;
    });
  }
});

Deno.test("deno task export writes a run's adapter and its merged model, and shows what verification found", () =>
  withRun(async (folder, path) => {
    const { code, out, error } = await runTask(["tiny-sft", "--to", "hf", "--dtype", "F32"], folder);
    assert.equal(code, 0, error);
    assert.match(out, /model.safetensors +1\.\d MB/);
    assert.match(out, /F32 +\d\.\de-7 +1e-5 +\d\.\de-1\d +100\.0%/);
    assert.match(out, /written to outputs\/tiny-sft-001\/export\/hf in \d/);
    assert.match(error, /export .*100%/);
    const gguf = await runTask([path, "--to", "gguf", "--type", "F16", "--output", "mine", "--no-verify"], folder);
    assert.equal(gguf.code, 0, gguf.error);
    assert.match(gguf.out, /not verified \(--no-verify\)/);
    assert.deepEqual(entries(`${folder}/mine`), ["README.md", "tiny-sft-001-F16.gguf"]);
    const back = await runTask(["mine/tiny-sft-001-F16.gguf", "--to", "hf", "--dtype", "F16"], folder);
    assert.equal(back.code, 0, back.error);
    assert.ok(entries(`${folder}/outputs/exports/tiny-sft-001-F16/hf`).includes("model.safetensors"));
  }));

Deno.test("deno task export says what is wrong in a line, with an exit code of its own", () =>
  withRun(async (folder) => {
    const usage = await runTask(["tiny-sft", "--to", "zip"], folder);
    assert.deepEqual([usage.code, usage.out], [2, ""]);
    assert.equal(usage.error, "deno task export: --to: expected one of peft, hf, gguf, onnx, got zip\n");
    const missing = await runTask(["no-such-run", "--to", "hf"], folder);
    assert.equal(missing.code, 1);
    assert.match(missing.error, /^deno task export: outputs has no run called no-such-run \(looked for .*\)\n$/);
    await Deno.writeTextFile(`${folder}/mine`, "mine");
    for (const output of ["mine", "mine/hf"]) {
      const inTheWay = await runTask(["tiny-sft", "--to", "hf", "--output", output], folder);
      assert.equal(inTheWay.code, 1);
      assert.match(inTheWay.error, /^deno task export: mine.* is a file: expected a folder, or a path where .*\n$/);
    }
    assert.equal(await Deno.readTextFile(`${folder}/mine`), "mine");
    await Deno.writeTextFile(`${folder}/README.md`, "# Mine");
    const readme = await runTask(["tiny-sft", "--to", "hf", "--output", "."], folder);
    assert.equal(readme.code, 1);
    assert.match(readme.error, /^deno task export: .\/README.md is no card of an export and would be lost: .*\n$/);
    const help = await runTask(["--help"], folder);
    assert.equal(help.code, 0);
    assert.match(help.out, /deno task export 01-grpo-gsm8k --to gguf --type Q4_K/);
  }));

Deno.test({
  name: "deno task export that Ctrl-C ends leaves nothing behind",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withRun(
      async (folder, path) => {
        const child = task(["tiny-sft", "--to", "hf"], folder).spawn();
        const reader = child.stderr.getReader();
        let error = "";
        const read = async () => {
          const { value, done } = await reader.read();
          error += new TextDecoder().decode(value);
          return !done;
        };
        // The bar appears with the first weight: from then on there is something to leave behind.
        while (!/export .*%/.test(error) && await read());
        child.kill("SIGINT");
        while (await read());
        const { code } = await child.status;
        await child.stdout.cancel();
        assert.equal(code, 130, error);
        assert.match(error, /stopped by Ctrl-C; nothing was written/);
        assert.deepEqual(entries(path), ["adapter", "parameters.json"]);
      },
      "llama untied",
      { hiddenSize: 512, headDim: 128, intermediateSize: 2048, layers: 6 },
    ),
});

Deno.test("deno task export --push uploads what it wrote, which can be exported from there again", () =>
  withRun(async (folder, path) => {
    await using hub = uploadHub();
    const env = { HF_TOKEN: WRITE_TOKEN, HF_ENDPOINT: hub.endpoint, KILN_CACHE: `${folder}/cache` };
    const adapter = await runTask(["tiny-sft", "--to", "peft", "--push", "Kiln/tiny-lora"], folder, env);
    assert.equal(adapter.code, 1);
    assert.match(
      adapter.error,
      /has a base that only this machine has, .*: name it as the hub does \(--base-model owner/,
    );
    assert.deepEqual(entries(path), ["adapter", "parameters.json"]);
    const args = ["tiny-sft", "--to", "hf", "--dtype", "F32", "--push", "Kiln/tiny", "--private"];
    const { code, out, error } = await runTask(args, folder, env);
    assert.equal(code, 0, error);
    assert.match(out, /uploaded to .*Kiln\/tiny/);
    assert.ok(!`${out}${error}`.includes(WRITE_TOKEN));
    assert.deepEqual(hub.problems, []);
    assert.match(
      await Deno.readTextFile(`${path}/export/hf/README.md`),
      /from_pretrained\("Kiln\/tiny", dtype="auto"\)/,
    );
    const again = await runTask(["Kiln/tiny", "--to", "hf", "--dtype", "F32", "--output", "again"], folder, env);
    assert.equal(again.code, 0, again.error);
    for (const name of ["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"]) {
      assert.deepEqual(
        await Deno.readFile(`${folder}/again/${name}`),
        await Deno.readFile(`${path}/export/hf/${name}`),
        name,
      );
    }
  }));
