/** Cross-encoders: models that were trained to score pairs of query and passage, run by @huggingface/transformers. */
import { basename, resolve } from "node:path";
import { isFolder } from "../../files/mod.ts";
import {
  fetchFiles,
  folderRevision,
  type HubAccess,
  inBatches,
  type OnnxDtype,
  onnxFileOf,
  openTransformersModel,
  readFolderSettings,
  TRANSFORMERS_FILES,
  type TransformersModel,
} from "../embed/mod.ts";
import { pairEncoder } from "./pair_tokens.ts";
import type { Reranker, RerankOptions } from "./reranker.ts";

/** A cross-encoder that is known by name. */
export interface CrossEncoderEntry {
  repository: string;
  revision: string;
  onnxFile: string;
  maxTokens: number;
}

/**
 * Cross-encoders by name. `ms-marco-MiniLM-L6-v2`: nDCG@10 of 74.3 on TREC Deep Learning 2019 and MRR@10 of 39.0 on MS MARCO (its
 * model card); 22.7 million weights.
 */
export const CROSS_ENCODERS: ReadonlyMap<string, CrossEncoderEntry> = new Map([
  ["ms-marco-MiniLM-L6-v2", {
    repository: "cross-encoder/ms-marco-MiniLM-L6-v2",
    revision: "c5ee24cb16019beea0893ab7796b1df96625c6b8",
    onnxFile: "onnx/model.onnx",
    maxTokens: 512,
  }],
]);

/** Options of `openCrossEncoder`. */
export interface CrossEncoderOptions extends HubAccess {
  /** Commit, branch or tag. Default: the entry's, else `"main"`. */
  revision?: string;
  /** The ONNX file's path. Default: the entry's, else `onnx/model.onnx`. */
  onnxFile?: string;
  /** The form of the weights. Default `"fp32"`. */
  dtype?: OnnxDtype;
  /** Tokens that are read of a pair. Default: the entry's, else the model's positions, at most 512. */
  maxTokens?: number;
  /** `"probability"` (default): the logit's sigmoid, from 0 to 1. `"logit"`: the logit itself. Both give the same order. */
  score?: "probability" | "logit";
  /** Default: all cores. */
  threads?: number;
}

/**
 * Opens a cross-encoder: a name of `CROSS_ENCODERS`, a folder in the layout of transformers.js, or a repository on the hub. A
 * model of one class gives its logit; of two classes, what the second has more than the first. Scores can be compared over
 * queries as far as the model was trained for that.
 *
 * @throws {HubError} When the model cannot be fetched; the message names it and says what to do.
 * @throws When a file is absent or broken.
 */
export async function openCrossEncoder(
  nameOrFolder = "ms-marco-MiniLM-L6-v2",
  options: CrossEncoderOptions = {},
): Promise<Reranker> {
  const { score = "probability", threads, signal } = options;
  if (score !== "probability" && score !== "logit") {
    throw new RangeError(`score: expected "probability" or "logit", got ${JSON.stringify(score)}`);
  }
  const { name, folder, onnxFile, known, ...found } = await findFiles(nameOrFolder, options);
  const { maxPositions = 512 } = await readFolderSettings(folder);
  const maxTokens = options.maxTokens ?? known?.maxTokens ?? Math.min(maxPositions, 512);
  if (maxTokens > maxPositions) {
    throw new RangeError(`maxTokens: expected at most ${maxPositions}, the positions of ${name}; got ${maxTokens}`);
  }
  const model = await openTransformersModel("classes", folder, { onnxFile, threads, signal });
  try {
    const revision = found.revision ?? await folderRevision(folder, [onnxFile]);
    return rerankerOf(model, { name, revision, maxTokens }, score);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

function rerankerOf(
  model: TransformersModel,
  description: Reranker["description"],
  score: "probability" | "logit",
): Reranker {
  const encodePair = pairEncoder(model, description.maxTokens);
  return {
    description,
    async rerank(query, passages, { batchSize = 16, onCut, ...others }: RerankOptions = {}) {
      const pairs = passages.map((passage, number) => {
        const pair = encodePair(query, passage);
        for (const text of ["query", "passage"] as const) {
          if (pair[text].kept < pair[text].tokens) onCut?.({ text, passage: number, ...pair[text] });
        }
        return pair;
      });
      const scores = new Array<number>(passages.length);
      await inBatches(pairs.map(({ ids }) => ids.length), { batchSize, ...others }, async (items) => {
        const ids = items.map((item) => pairs[item].ids);
        const types = items.map((item) => pairs[item].types ?? []);
        const { data, shape } = await model.run(types[0].length > 0 ? { ids, types } : { ids }, ["logits"]);
        const logits = logitsOf(data, shape, description.name);
        items.forEach((item, row) => scores[item] = score === "logit" ? logits[row] : 1 / (1 + Math.exp(-logits[row])));
      });
      return scores;
    },
    dispose: () => model.dispose(),
  };
}

/** One number for each pair. The sigmoid of two logits' difference is the softmax of the second. */
function logitsOf(data: Float32Array, shape: readonly number[], name: string): number[] {
  const [rows, classes] = shape;
  if (shape.length !== 2 || classes < 1 || classes > 2) {
    throw new Error(
      `${name} puts out logits of shape [${shape}]; expected [pairs, 1] or [pairs, 2]: it is no reranker`,
    );
  }
  return Array.from({ length: rows }, (_, row) => {
    const logit = classes === 1 ? data[row] : data[2 * row + 1] - data[2 * row];
    if (Number.isFinite(logit)) return logit;
    throw new Error(`${name} gave a logit of ${logit}: its weights are damaged; fetch or export it again`);
  });
}

async function findFiles(nameOrFolder: string, options: CrossEncoderOptions) {
  const known = CROSS_ENCODERS.get(nameOrFolder) ??
    [...CROSS_ENCODERS.values()].find(({ repository }) => repository === nameOrFolder);
  const onnxFile = onnxFileOf(options.onnxFile ?? known?.onnxFile ?? "onnx/model.onnx", options.dtype ?? "fp32");
  if (known === undefined && await isFolder(nameOrFolder)) {
    return { name: basename(resolve(nameOrFolder)), folder: nameOrFolder, revision: undefined, onnxFile, known };
  }
  const repository = known?.repository ?? nameOrFolder;
  if (!repository.includes("/")) {
    const names = [...CROSS_ENCODERS.keys()].join(", ");
    throw new RangeError(
      `There is no folder ${nameOrFolder}, and no cross-encoder of that name: known are ${names}; others on the hub are named by ` +
        "owner/name.",
    );
  }
  const asked = options.revision ?? known?.revision ?? "main";
  const { folder, commit } = await fetchFiles(repository, asked, [...TRANSFORMERS_FILES, onnxFile], options);
  return { name: repository, folder, revision: `${commit}/${onnxFile}`, onnxFile, known };
}
