/** ONNX models in the layout of transformers.js that are small enough to be computed by hand. */
import { gatherRows, Graph, mul, reshape, serialize, sum, type Tensor } from "../../../lib/graph/mod.ts";
import { GOLDEN } from "../../support/golden.ts";
import { randomArray } from "../../support/random_array.ts";

/** The tokenizer of these models: 64 word pieces, `[CLS]` and `[SEP]` around a text, padded with id 0. */
export const TINY_TOKENIZER = `${GOLDEN}bert_tiny/model`;

export const VOCABULARY = 64;
export const DIMENSIONS = 6;

/** Positions that the models claim to have. */
export const POSITIONS = 24;

/** [64, 6]: the hidden state of a token is its row, wherever it stands. */
export const HIDDEN = Float32Array.from(randomArray([VOCABULARY, DIMENSIONS], "hidden").data);

/** [64]: what a token adds to a pair's logit, twice as much in the second segment. */
export const WEIGHTS = Float32Array.from(randomArray([VOCABULARY], "weights").data);

const config = {
  model_type: "bert",
  hidden_size: DIMENSIONS,
  num_attention_heads: 2,
  max_position_embeddings: POSITIONS,
};

/** The files of a model that looks up hidden states, by their paths. */
export async function hiddenStateFiles(output = "last_hidden_state"): Promise<Record<string, Uint8Array>> {
  const graph = new Graph();
  const table = graph.input("table", [VOCABULARY, DIMENSIONS]);
  const hidden = gatherRows(table, graph.input("input_ids", ["batch", "tokens"], "int64"));
  return await filesOf(hidden, output, { table: { data: HIDDEN, shape: [VOCABULARY, DIMENSIONS] } });
}

/** The files of a model that scores pairs: the tokens' weights, added up where nothing is padding. */
export async function pairScoreFiles(): Promise<Record<string, Uint8Array>> {
  const graph = new Graph();
  const read = (name: string, rows: number, ids: string) =>
    gatherRows(graph.input(name, [rows, 1]), graph.input(ids, ["batch", "tokens"], "int64"));
  const each = [
    read("weights", VOCABULARY, "input_ids"),
    read("seen", 2, "attention_mask"),
    read("part", 2, "token_type_ids"),
  ];
  const logits = reshape(sum(each.reduce((product, factor) => mul(product, factor)), [1]), ["batch", 1]);
  return await filesOf(logits, "logits", {
    weights: { data: WEIGHTS, shape: [VOCABULARY, 1] },
    seen: { data: Float32Array.of(0, 1), shape: [2, 1] },
    part: { data: Float32Array.of(1, 2), shape: [2, 1] },
  });
}

async function filesOf(
  output: Tensor,
  name: string,
  initializers: Record<string, { data: Float32Array; shape: number[] }>,
): Promise<Record<string, Uint8Array>> {
  return {
    "config.json": new TextEncoder().encode(JSON.stringify(config)),
    "tokenizer.json": await Deno.readFile(`${TINY_TOKENIZER}/tokenizer.json`),
    "tokenizer_config.json": await Deno.readFile(`${TINY_TOKENIZER}/tokenizer_config.json`),
    "onnx/model.onnx": serialize({ outputs: [output], names: [name], target: "cpu", initializers }).bytes,
  };
}

/** Writes files into a folder. */
export async function writeFiles(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]+$/, ""), { recursive: true });
    await Deno.writeFile(`${folder}/${path}`, bytes);
  }
}

/** The vector that the tokens of a text should give. */
export function expectedVector(ids: readonly number[], pooling: "mean" | "cls"): number[] {
  const rows = (pooling === "cls" ? ids.slice(0, 1) : ids)
    .map((id) => HIDDEN.subarray(id * DIMENSIONS, (id + 1) * DIMENSIONS));
  const sums = Array.from({ length: DIMENSIONS }, (_, i) => rows.reduce((total, row) => total + row[i], 0));
  const length = Math.hypot(...sums);
  return sums.map((value) => value / length);
}
