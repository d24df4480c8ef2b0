/**
 * `deno task export`: a run, an adapter or a model in a format that other programs read. `--help` tells the options.
 *
 * Exit codes: 0 success, 1 nothing was exported, 2 the command line is wrong, 130 Ctrl-C.
 */
import { parseArgs } from "node:util";
import {
  exportModel,
  type ExportOptions,
  type ExportProgress,
  type ExportResult,
  GGUF_TYPES,
  ONNX_PRECISIONS,
  readableBytes,
  verificationRows,
} from "../formats/mod.ts";
import { isHubId, uploadFolder } from "../models/mod.ts";
import { formatSeconds, type ProgressBar, progressBar, tableText } from "../notebook/mod.ts";
import { stoppable } from "./stoppable.ts";
import { showUploaded } from "./upload.ts";
import { withUploadBar } from "./upload_bar.ts";

const FORMATS = ["peft", "hf", "gguf", "onnx"] as const;
const DTYPES = ["BF16", "F16", "F32"] as const;

const HELP = `Exports a run's adapter or model, reads it back, and writes a model card beside it.

  deno task export 01-grpo-gsm8k --to peft               the adapter, as PEFT, transformers and vLLM read it
  deno task export 01-grpo-gsm8k --to hf                 merged into its base: a Hugging Face folder in bf16
  deno task export 01-grpo-gsm8k --to gguf --type Q4_K   one file for llama.cpp, Ollama, LM Studio
  deno task export 01-grpo-gsm8k --to onnx --precision f16,4bit   for transformers.js, in browsers too
  deno task export some/model.gguf --to hf               back from llama.cpp's format

What to export: a run by its name (the newest one; 01-grpo-gsm8k-003 is a certain one) or folder; the folder of an adapter, a
model or a checkpoint; a .gguf file; a name on the hub, such as Qwen/Qwen2.5-0.5B-Instruct.

  --to <format>            ${FORMATS.join(", ")}
  --type <types>           gguf: ${GGUF_TYPES.join(", ")}; several with commas; default Q8_0; Q4_K is the mixture Q4_K_M
  --dtype <dtype>          hf: ${DTYPES.join(", ")}; default BF16
  --max-shard-size <size>  hf: weights beyond are split over several files; default 5GB
  --precision <list>       onnx: ${ONNX_PRECISIONS.join(", ")}; several with commas; default f32
  --output <folder>        default: export/FORMAT in the run's folder, else outputs/exports/NAME/FORMAT
  --base-model <model>     the adapter's base, a folder or hub id; default: what its adapter_config.json names
  --tokenizer <folder>     default: the adapter's own, or else the model's
  --no-verify              do not read it back and compare logits, tokens and chat template with the source's
  --push <owner/name>      upload the result to the hub (HF_TOKEN); --private for a new repository that is private
  --help                   this text
`;

/** A command line that cannot be read. */
export class ExportUsageError extends Error {
  override name = "ExportUsageError";
}

/** What the command line asks for. */
export interface ExportCommand {
  options: ExportOptions;
  /** The repository on the hub to upload to. */
  push?: string;
  isPrivate: boolean;
}

/** Reads the command line. Throws {ExportUsageError} naming what is wrong with it. */
export function readExportArguments(args: readonly string[]): ExportCommand | "help" {
  const { values, positionals } = parsed(args);
  if (values.help) return "help";
  const [source, ...more] = positionals;
  if (source === undefined) throw new ExportUsageError("what is to be exported? give a run, such as 01-grpo-gsm8k");
  if (more.length > 0) throw new ExportUsageError(`one at a time; got ${positionals.join(" and ")}`);
  const { output, "base-model": baseModel, tokenizer, to, push, private: isPrivate } = values;
  if (push !== undefined && !isHubId(push)) {
    throw new ExportUsageError(`--push: expected owner/name, got ${push}`);
  }
  if (isPrivate && push === undefined) throw new ExportUsageError("--private belongs to --push");
  const own = { hf: ["dtype", "max-shard-size"], gguf: ["type"], onnx: ["precision"] } as const;
  for (const [format, names] of Object.entries(own)) {
    const given = names.find((name) => values[name] !== undefined);
    if (given !== undefined && to?.toLowerCase() !== format) {
      throw new ExportUsageError(`--${given} belongs to --to ${format}`);
    }
  }
  const common = { source, output, baseModel, tokenizer, repository: push, verify: !values["no-verify"] };
  return { options: { ...common, ...formatOptions(values) }, push, isPrivate };
}

function formatOptions(values: ReturnType<typeof parsed>["values"]) {
  switch (oneOf("--to", values.to ?? "nothing", FORMATS)) {
    case "peft":
      return { to: "peft" } as const;
    case "hf": {
      const dtype = values.dtype === undefined ? undefined : oneOf("--dtype", values.dtype, DTYPES);
      return { to: "hf", dtype, maxShardBytes: bytesOf(values["max-shard-size"]) } as const;
    }
    case "gguf":
      return { to: "gguf", type: someOf("--type", values.type, GGUF_TYPES) } as const;
    case "onnx":
      return { to: "onnx", precision: someOf("--precision", values.precision, ONNX_PRECISIONS) } as const;
  }
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ to: text, type: text, dtype: text, "max-shard-size": text, precision: text },
        ...{ output: text, "base-model": text, tokenizer: text, "no-verify": flag },
        ...{ push: text, private: flag, help: { ...flag, short: "h" } },
      },
    });
  } catch (error) {
    throw new ExportUsageError((error as Error).message);
  }
}

/** A value in any case. */
function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each.toLowerCase() === value.trim().toLowerCase());
  if (found === undefined) throw new ExportUsageError(`${name}: expected one of ${known.join(", ")}, got ${value}`);
  return found;
}

/** Values with commas between them. */
function someOf<T extends string>(name: string, values: string | undefined, known: readonly T[]): T[] | undefined {
  return values === undefined ? undefined : values.split(",").map((value) => oneOf(name, value, known));
}

function bytesOf(size: string | undefined): number | undefined {
  if (size === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?)B?$/i.exec(size) ?? [];
  const bytes = Number(number) * { "": 1, K: 1e3, M: 1e6, G: 1e9 }[unit?.toUpperCase() ?? ""]!;
  if (!(bytes > 0)) throw new ExportUsageError(`--max-shard-size: expected a size such as 5GB or 500MB, got ${size}`);
  return bytes;
}

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  try {
    const command = readExportArguments(args);
    if (command === "help") return console.log(HELP);
    const { options, push, isPrivate } = command;
    let result: ExportResult | undefined;
    await stoppable("nothing was written", async (signal) => {
      result = await exportWithBar({ ...options, signal });
    });
    if (push === undefined || !result) return;
    const { folder, files } = result;
    await stoppable(`the repository is as it was; ${folder} is whole`, async (signal) => {
      await upload(folder, files.map(({ file }) => file), push, isPrivate, signal);
    });
  } catch (error) {
    // What is wrong with the program itself is worth its stack.
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error;
    console.error(`deno task export: ${error.message}`);
    Deno.exitCode = error instanceof ExportUsageError ? 2 : 1;
  }
}

async function exportWithBar(options: ExportOptions): Promise<ExportResult> {
  const started = performance.now();
  let bar: ProgressBar | undefined;
  const onProgress: ExportProgress = (done, total, what) => {
    bar ??= progressBar(total, { label: "export", unit: "tensors" });
    bar.update(done, what);
  };
  try {
    const result = await exportModel({ ...options, onProgress });
    await bar?.finish("");
    console.log(showResult(result, (performance.now() - started) / 1000));
    return result;
  } catch (error) {
    await bar?.finish("stopped");
    throw error;
  }
}

/** What was written, and what verification found. */
export function showResult({ folder, files, verifications }: ExportResult, seconds: number): string {
  const shown = tableText(files.map(({ file, bytes }) => ({ file, size: readableBytes(bytes) })), { maxRows: 20 });
  const checks = verifications === null
    ? "not verified (--no-verify)"
    : tableText(verificationRows(verifications), { caption: "read back and compared with the source" });
  return `${shown}\n\n${checks}\n\nwritten to ${folder} in ${formatSeconds(seconds)}`;
}

/** Uploads what this export wrote, and nothing else that may lie in its folder. */
async function upload(
  folder: string,
  files: readonly string[],
  repository: string,
  isPrivate: boolean,
  signal: AbortSignal,
): Promise<void> {
  const result = await withUploadBar((onProgress) =>
    uploadFolder(folder, repository, { include: files, ...(isPrivate && { private: true }), signal, onProgress })
  );
  console.log(showUploaded(result));
}
