/** One way to every embedder: the house's, a folder's, the hub's. */
import { basename, resolve } from "node:path";
import { createEngine, type Engine } from "../../engine/mod.ts";
import type { HubOptions } from "../../models/mod.ts";
import type { Embedder } from "./embedder.ts";
import { encoderEmbedder, houseEmbedder } from "./encoder_embedder.ts";
import { type EmbedderSettings, readFolderSettings } from "./folder_settings.ts";
import { fetchFiles, fetchSafetensors, type HubAccess } from "./hub_folder.ts";
import { checkEmbedderEntry, type EmbedderEntry, EMBEDDERS, findEmbedder } from "./registry.ts";
import { transformersEmbedder } from "./transformers_embedder.ts";
import { type OnnxDtype, onnxFileOf, TRANSFORMERS_FILES } from "./transformers_model.ts";

/** Options of `openEmbedder`. */
export interface OpenEmbedderOptions extends HubAccess, Partial<EmbedderSettings> {
  /** Runs what Kiln itself runs, and stays the caller's. Default: a CPU engine of its own, disposed with the embedder. */
  engine?: Engine;
  /**
   * `"transformers"`: an ONNX file through @huggingface/transformers; `"kiln"`: safetensors of BERT's architecture on Kiln's
   * engine. Both give the same vectors. Default: the first, but the second for a folder without an ONNX file.
   */
  runtime?: "transformers" | "kiln";
  /**
   * A registry's name, or an entry of your own, that says how to embed with the model: for folders and repositories that the
   * registry does not know by their name. Prefixes are part of a model, and few repositories write them down.
   */
  as?: string | EmbedderEntry;
  /** Commit, branch or tag instead of the entry's; of a repository that the registry does not know, default `"main"`. */
  revision?: HubOptions["revision"];
  /** The form of the ONNX weights. Default `"fp32"`. */
  dtype?: OnnxDtype;
  /** Threads of what this call starts. Default: all cores. */
  threads?: number;
}

/**
 * Opens an embedder: `kiln-embed`, which ships; a name of the registry (`EMBEDDERS`), with or without its owner; a folder; or
 * another repository on the hub, which must be told by options how to embed. Models from the hub are fetched once, to Kiln's
 * cache, and used from there without a network. Options win over the entry, which wins over the folder's own files.
 *
 * @throws {HubError} When the model cannot be fetched; the message names it and says what to do.
 * @throws {RangeError} When an option means nothing, or something about the model has to be told.
 * @throws When a file is broken, or the model has other dimensions than the registry says.
 */
export async function openEmbedder(nameOrFolder: string, options: OpenEmbedderOptions = {}): Promise<Embedder> {
  const entry = entryFor(nameOrFolder, options.as);
  if (nameOrFolder === "kiln-embed") {
    if (options.runtime === "transformers") {
      throw new RangeError("runtime: kiln-embed ships as safetensors, which run on Kiln's engine; leave runtime out");
    }
    const settings = settingsOf(options);
    return await withEngine(options, (engine) => houseEmbedder({ ...settings, engine, signal: options.signal }));
  }
  const source = await findSource(nameOrFolder, entry, options);
  const embedder = source.onnxFile === null
    ? await openOnKiln(source, entry, options)
    : await openOnTransformers(source, entry, options);
  const { dimensions } = embedder.description;
  if (entry === undefined || entry.dimensions === dimensions) return embedder;
  await embedder.dispose();
  throw new Error(
    `${nameOrFolder} has ${dimensions} dimensions, ${entry.name} has ${entry.dimensions}: it is another model`,
  );
}

function entryFor(nameOrFolder: string, as: OpenEmbedderOptions["as"]): EmbedderEntry | undefined {
  if (as === undefined) return findEmbedder(nameOrFolder);
  if (typeof as !== "string") return checkEmbedderEntry(as);
  const entry = findEmbedder(as);
  if (entry !== undefined) return entry;
  throw new RangeError(`as: there is no ${JSON.stringify(as)}; the registry has ${[...EMBEDDERS.keys()].join(", ")}`);
}

/** Where a model's files are. */
interface Source {
  name: string;
  folder: string;
  /** Undefined for a folder of the user's, which is known by a hash of its files. */
  revision: string | undefined;
  /** The file for transformers.js, or null for safetensors on Kiln's engine. */
  onnxFile: string | null;
}

async function findSource(
  nameOrFolder: string,
  entry: EmbedderEntry | undefined,
  options: OpenEmbedderOptions,
): Promise<Source> {
  const { runtime, dtype = "fp32" } = options;
  // A folder may have the name of a model; a model of the registry is asked for by its name.
  const isNamed = options.as === undefined && entry !== undefined;
  if (!isNamed && await isThere(nameOrFolder)) {
    const name = entry?.name ?? basename(resolve(nameOrFolder));
    const onnxFile = await onnxFileIn(nameOrFolder, entry, dtype);
    const usesKiln = runtime === "kiln" || (runtime === undefined && !await isThere(`${nameOrFolder}/${onnxFile}`));
    return { name, folder: nameOrFolder, revision: undefined, onnxFile: usesKiln ? null : onnxFile };
  }
  const repository = isNamed ? entry.repository! : nameOrFolder;
  if (!repository.includes("/")) {
    throw new RangeError(
      `There is no folder ${nameOrFolder}, and no embedder of that name: the registry has ${
        [...EMBEDDERS.keys()].join(", ")
      }; others ` +
        "on the hub are named by owner/name.",
    );
  }
  const asked = options.revision ?? (entry?.repository === repository ? entry.revision : "main");
  if (runtime === "kiln") {
    const { folder, commit } = await fetchSafetensors(repository, asked, options);
    return { name: repository, folder, revision: `${commit}/model.safetensors`, onnxFile: null };
  }
  const onnxFile = onnxFileOf(entry?.onnxFile ?? "onnx/model.onnx", dtype);
  const { folder, commit } = await fetchFiles(repository, asked, [...TRANSFORMERS_FILES, onnxFile], options);
  return { name: repository, folder, revision: `${commit}/${onnxFile}`, onnxFile };
}

/** The ONNX file of a folder: at the entry's path, or at the usual one. */
async function onnxFileIn(folder: string, entry: EmbedderEntry | undefined, dtype: OnnxDtype): Promise<string> {
  const usual = onnxFileOf("onnx/model.onnx", dtype);
  if (!entry?.onnxFile) return usual;
  const known = onnxFileOf(entry.onnxFile, dtype);
  return await isThere(`${folder}/${known}`) ? known : usual;
}

async function openOnKiln(
  { name, folder, revision }: Source,
  entry: EmbedderEntry | undefined,
  options: OpenEmbedderOptions,
): Promise<Embedder> {
  const settings = settingsOf(options, entry);
  return await withEngine(
    options,
    (engine) => encoderEmbedder(folder, { ...settings, engine, name, revision, signal: options.signal }),
  );
}

async function openOnTransformers(
  { name, folder, revision, onnxFile }: Source,
  entry: EmbedderEntry | undefined,
  options: OpenEmbedderOptions,
): Promise<Embedder> {
  const own = await readFolderSettings(folder);
  const { pooling, maxTokens = own.maxPositions, queryPrefix = "", passagePrefix = "" } = {
    ...settingsOf(own),
    ...settingsOf(options, entry),
  };
  if (pooling === undefined || maxTokens === undefined) {
    throw new RangeError(
      `${name} does not say how its hidden states become a vector: give pooling ("mean" or "cls"), maxTokens and the prefixes that ` +
        "its card asks for, or `as` with the name of a model that it is a copy of",
    );
  }
  const settings = { name, revision, pooling, maxTokens, queryPrefix, passagePrefix };
  const { threads, signal } = options;
  return await transformersEmbedder(folder, settings, { onnxFile: onnxFile!, threads, signal });
}

/** The settings that are given, the first of the givers first. */
function settingsOf(...givers: (Partial<EmbedderSettings> | undefined)[]): Partial<EmbedderSettings> {
  const names = ["pooling", "maxTokens", "queryPrefix", "passagePrefix"] as const;
  return Object.fromEntries(names.flatMap((name) => {
    const value = givers.map((giver) => giver?.[name]).find((each) => each !== undefined);
    return value === undefined ? [] : [[name, value]];
  }));
}

async function withEngine(
  { engine, threads }: OpenEmbedderOptions,
  open: (engine: Engine) => Promise<Embedder>,
): Promise<Embedder> {
  if (engine !== undefined) return await open(engine);
  const own = await createEngine({ threads });
  try {
    const embedder = await open(own);
    return {
      ...embedder,
      async dispose() {
        await embedder.dispose();
        await own.dispose();
      },
    };
  } catch (error) {
    await own.dispose();
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
