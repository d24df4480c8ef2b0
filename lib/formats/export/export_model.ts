/** A run, an adapter or a model in a format that other programs read. */
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { createEngine, type Engine } from "../../engine/mod.ts";
import { checkFolderPath, type FileSystem, writeFileAtomic, writeFilesTogether } from "../../files/mod.ts";
import { type HubOptions, weightShapes } from "../../models/mod.ts";
import { openGgufSource } from "../gguf/mod.ts";
import type { ModelSource } from "../model_source.ts";
import { openModelSource } from "../open_model_source.ts";
import type { ExportProgress } from "../progress.ts";
import { exportCard, EXPORTED_BY, type ExportedFile, verificationRows } from "./card.ts";
import { findSource, type FoundSource, isGguf } from "./find_source.ts";
import { type GgufExport, ggufTarget } from "./gguf_target.ts";
import { type HuggingFaceExport, huggingFaceTarget } from "./hugging_face_target.ts";
import { type OnnxExport, onnxTarget } from "./onnx_target.ts";
import { peftTarget } from "./peft_target.ts";
import { probeTokens } from "./probe_texts.ts";
import type { ExportTarget, TargetOf } from "./target.ts";
import { sourceLogits, type Verification, VerificationError, verificationOf } from "./verify.ts";

/** What an export is in every format. */
export interface CommonExportOptions {
  /**
   * A run (its folder, its name, or `newest:NAME`), the folder of an adapter or a model, a .gguf file, or a name on the hub:
   * see `findSource`.
   */
  source: string;
  /** The folder to write to. Default: `export/FORMAT` in the run's folder, or `outputs/exports/NAME/FORMAT`. */
  output?: string;
  /** The model that an adapter belongs to, a folder or hub id. Default: what its adapter_config.json names. */
  baseModel?: string;
  /** A folder with the tokenizer. Default: that of the adapter's folder, or else of the model's. */
  tokenizer?: string;
  /** Where runs live. Default `outputs`. */
  outputs?: string;
  /** How the card names the export, where it goes to the hub: `owner/name`. Default: its folder. */
  repository?: string;
  /** Reads the export back and compares its logits and its tokenizer with the source's. Default true. */
  verify?: boolean;
  /** What computes the logits. Default: the CPU. */
  engine?: Engine;
  /** Counts weights that were read or written; the total stays the same. */
  onProgress?: ExportProgress;
  /** Ends it; nothing is left behind. */
  signal?: AbortSignal;
  /** For what has to be downloaded. */
  hub?: HubOptions;
  fileSystem?: FileSystem;
}

/** The formats, each with its own options. */
export type ExportOptions = CommonExportOptions & ({ to: "peft" } | HuggingFaceExport | GgufExport | OnnxExport);

/** What was written. */
export interface ExportResult {
  folder: string;
  /** With the card. */
  files: readonly ExportedFile[];
  /** How far what was read back is from the source; null where it was not read back. */
  verifications: readonly Verification[] | null;
}

/**
 * Exports a model. The folder gets all files of the format and a card, README.md; other files in it stay. What was there of an
 * earlier export is replaced as a whole at the end, and is still there after every failure, a failed verification among them.
 *
 * @throws {VerificationError} when what was written does not give what the source does, with all numbers; otherwise when the
 *   source cannot be found or read, {DiskFullError}, or the signal's reason
 *
 * @example
 * ```ts ignore
 * const { folder, verifications } = await exportModel({ source: "outputs/01-grpo-gsm8k-001", to: "hf", dtype: "BF16" });
 * ```
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const { outputs = "outputs", fileSystem, verify = true, baseModel, signal } = options;
  const found = await findSource(options.source, { outputs, baseModel, hub: { signal, ...options.hub } });
  const output = options.output ?? defaultOutput(found, options.to, outputs);
  await checkOutput(output, found);
  const source = await openSource(found, options.tokenizer);
  try {
    const target = targetOf(options, { found, source });
    const work = { ...options, verify, found, source, target, output };
    const write = (folder: string) => fill(folder, work);
    const result = await withoutEmptyFolders(
      output,
      () => writeFilesTogether(output, write, { fileSystem, supersedes: target.supersedes }),
    );
    return { folder: output, ...result };
  } finally {
    source.close();
  }
}

async function openSource(found: FoundSource, tokenizer: string | undefined): Promise<ModelSource> {
  if (!isGguf(found.model)) return await openModelSource({ ...found, tokenizer });
  if (tokenizer !== undefined) throw new Error(`${found.model} has its own tokenizer: leave the option out`);
  return { ...await openGgufSource(found.model), name: found.name };
}

function targetOf(options: ExportOptions, made: TargetOf): ExportTarget {
  switch (options.to) {
    case "peft":
      return peftTarget(options, made);
    case "hf":
      return huggingFaceTarget(options);
    case "gguf":
      return ggufTarget(options, made);
    case "onnx":
      return onnxTarget(options);
  }
}

type Work = Omit<CommonExportOptions, "source"> & TargetOf & { target: ExportTarget; output: string; verify: boolean };

/** Writes, verifies and describes the export in a folder where nobody sees it yet. */
async function fill(folder: string, work: Work): Promise<Omit<ExportResult, "folder">> {
  const { found, source, target, verify, signal, fileSystem, repository, output } = work;
  const weights = Object.keys(weightShapes(source.config)).length;
  const phase = phases(weights * (verify ? 2 + target.parts.length : 1), work.onProgress);
  const compare = verify ? await prepare(work, phase(weights)) : null;
  await target.write(source, folder, { onProgress: phase(weights), signal, fileSystem });
  const verifications = compare && await compare(folder, () => phase(weights));
  const files = await filesIn(folder);
  const card = exportCard({
    ...{ found, source, target, verifications, files },
    // A path of this machine is nobody else's business.
    place: repository ?? (isAbsolute(output) ? basename(output) : output.replace(/^(\.\.?\/)+/, "")),
    runCard: found.run === undefined ? null : await Deno.readTextFile(`${found.run}/README.md`).catch(() => null),
  });
  await writeFileAtomic(`${folder}/README.md`, card, { signal, fileSystem });
  return { files: [...files, { file: "README.md", bytes: new TextEncoder().encode(card).length }], verifications };
}

/** Computes what the source gives, while nothing else is in memory; returns what compares an export with it. */
async function prepare({ found, source, target, engine: given, signal }: Work, onProgress: ExportProgress) {
  const ids = probeTokens(source.tokenizer, source.config.maxPositions);
  const withEngine = async <T>(run: (engine: Engine) => Promise<T>): Promise<T> => {
    const engine = given ?? await createEngine();
    try {
      return await run(engine);
    } finally {
      if (!given) await engine.dispose();
    }
  };
  const told = (progress: ExportProgress, what: string) => (done: number, total: number) => progress(done, total, what);
  const logits = await withEngine((engine) =>
    sourceLogits(found, { engine, ids, signal, onProgress: told(onProgress, "reading the source") })
  );
  const reference = { logits, tokenizer: source.tokenizer, vocabulary: source.config.vocabSize };
  return async (folder: string, phase: () => ExportProgress): Promise<Verification[]> => {
    const verifications: Verification[] = [];
    for (const part of target.parts) {
      signal?.throwIfAborted();
      const onProgress = told(phase(), `reading ${part.format} back`);
      const found = await withEngine((engine) => part.readBack(folder, { engine, ids, signal, onProgress }));
      verifications.push(verificationOf(part, reference, found));
      onProgress(1, 1);
    }
    const failed = verifications.flatMap(({ format, problems }) => problems.map((problem) => `${format}: ${problem}`));
    if (failed.length === 0) return verifications;
    throw new VerificationError(
      `what was written does not give what its source does, and was not kept: ${failed.join("; ")}\n` +
        verificationRows(verifications).map((row) => JSON.stringify(row)).join("\n"),
      verifications,
    );
  };
}

/** Parts of the whole work, whose progress is counted through. */
function phases(total: number, onProgress: ExportProgress = () => {}): (units: number) => ExportProgress {
  let before = 0;
  return (units) => {
    const start = before;
    before += units;
    return (done, all, what) => onProgress(Math.floor(start + units * done / all), total, what);
  };
}

function defaultOutput({ name, run }: FoundSource, format: string, outputs: string): string {
  if (run === undefined) return `${outputs}/exports/${name}/${format}`;
  return `${run}/export/${name === basename(resolve(run)) ? "" : `${name}/`}${format}`;
}

/** Throws when an export would be written over its own source, or over a README that somebody wrote. */
async function checkOutput(output: string, { model, adapter }: FoundSource): Promise<void> {
  if ((await checkFolderPath(output)).length > 0) return;
  const place = await Deno.realPath(output);
  for (const own of [model, adapter]) {
    if (own === undefined || await Deno.realPath(own) !== place) continue;
    throw new Error(`${output} is what is exported: choose another folder (--output)`);
  }
  const card = await Deno.readTextFile(`${output}/README.md`).catch(() => null);
  if (card === null || card.includes(EXPORTED_BY)) return;
  throw new Error(`${output}/README.md is no card of an export and would be lost: choose another folder (--output)`);
}

/** Writes to a folder. The folders around it that had to be made for it go again when that fails. */
async function withoutEmptyFolders<T>(output: string, write: () => Promise<T>): Promise<T> {
  const made = await checkFolderPath(dirname(resolve(output)));
  try {
    return await write();
  } catch (error) {
    // Not those that somebody else has put something into meanwhile.
    for (const folder of made) await Deno.remove(folder).catch(() => {});
    throw error;
  }
}

/** Everything in a folder, with what is in its folders. */
async function filesIn(folder: string, prefix = ""): Promise<ExportedFile[]> {
  const files: ExportedFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesIn(path, `${prefix}${name}/`));
    else files.push({ file: prefix + name, bytes: (await Deno.stat(path)).size });
  }
  return files.sort((a, b) => a.file < b.file ? -1 : 1);
}
