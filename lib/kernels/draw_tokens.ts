/**
 * Drawing tokens where the logits are, so that a device hands out a few numbers a row and not a vocabulary of them.
 *
 * With weights w, e^((z - max z) / T), or 1 where z is highest for greedy text, and a uniform number u of [0, 1) a draw:
 *
 *   token = the first t with w[0] + ... + w[t] > u sum(w)
 *
 * That is the inverse of the distribution function, which needs no noise on the device and draws what the CPU draws with
 * the same u. The running sums are taken in two steps, over blocks and inside the one block that holds the border, each
 * as a product with a triangular matrix: all columns are summed in the same order, so that running sums never fall and a
 * token of weight 0 is never the first above a border.
 */
import {
  add,
  cast,
  concat,
  equal,
  exp,
  gatherRows,
  type Graph,
  greater,
  matmul,
  min,
  mul,
  multiplyDimensions,
  reduceMax,
  reshape,
  sub,
  sum,
  type Tensor,
  where,
} from "../graph/mod.ts";

/** The largest float32 below 1: a border at this share of a sum is below the sum. */
export const BELOW_ONE = 1 - 2 ** -24;

/** How to draw. */
export interface DrawTokensInputs {
  /** [rows, vocabulary] */
  logits: Tensor;
  /** Rank 0; 1 / temperature. When greedy it only matters to `total`. */
  inverseTemperature: Tensor;
  /** int32 [draws]: the row of `logits` that each token is drawn from; a row may occur several times, or not at all. */
  row: Tensor;
  /** [draws]: a number from 0 to `BELOW_ONE` for each draw; null: the first token of the highest logit. */
  uniform: Tensor | null;
}

/** What is known of each drawn token; all are [draws, 1]. Where logits are not finite, `total` is not a number. */
export interface DrawnTokens {
  /** The token's id as a float32, which holds every whole number below 2^24. */
  token: Tensor;
  /** Its logit. */
  logit: Tensor;
  /** The highest logit of its row. */
  highest: Tensor;
  /** The sum of e^((z - highest) / T) over the row: the token's log-probability is (logit - highest) / T - log(total). */
  total: Tensor;
}

/** Draws one token for each of `row`. */
export function drawTokens({ logits, inverseTemperature, row, uniform }: DrawTokensInputs): DrawnTokens {
  const { graph, shape: [rows, vocabulary] } = logits;
  if (typeof vocabulary !== "number") {
    throw new Error(`drawTokens: expected a vocabulary of known size, got ${vocabulary}`);
  }
  const width = blockWidth(vocabulary);
  const blocks = Math.ceil(vocabulary / width);
  const draws = row.shape[0];

  const highest = reduceMax(logits, -1);
  const exponentials = exp(mul(sub(logits, highest), inverseTemperature));
  const weights = uniform ? exponentials : cast(equal(logits, highest), "float32");
  const padded = paddedTo(weights, blocks * width, highest);
  const blockSums = reshape(sum(reshape(padded, [rows, blocks, width]), -1), [rows, blocks]);

  const ofRow = cast(row, "int64");
  const running = runningSums(gatherRows(blockSums, ofRow));
  const weightOfRow = reduceMax(running, -1);
  const border = uniform ? mul(weightOfRow, reshape(uniform, [draws, 1])) : mul(weightOfRow, graph.scalar(0));
  const block = firstAbove(running, border);
  const inBlock = runningSums(
    gatherRows(reshape(padded, [multiplyDimensions(rows, blocks), width]), flatIndex(row, blocks, block)),
  );
  const before = reduceMax(where(greater(running, border), graph.scalar(0), running), -1);
  // Summed in another order, the block may weigh a little less than what of the border is left.
  const highestBorder = mul(reduceMax(inBlock, -1), graph.scalar(BELOW_ONE));
  const place = firstAbove(inBlock, min(sub(border, before), highestBorder));
  // The last block ends with padding, which only a row of not a number could reach.
  const token = min(add(mul(block, graph.scalar(width)), place), graph.scalar(vocabulary - 1));

  const flatLogits = reshape(logits, [multiplyDimensions(rows, vocabulary)]);
  return {
    token,
    logit: reshape(gatherRows(flatLogits, flatIndex(row, vocabulary, token)), [draws, 1]),
    highest: gatherRows(highest, ofRow),
    total: gatherRows(sum(exponentials, -1), ofRow),
  };
}

/** About the square root: as many blocks as places in each keep both triangular matrices small. */
function blockWidth(vocabulary: number): number {
  return 2 ** Math.ceil(Math.log2(vocabulary) / 2);
}

/** `weights` [rows, n] with zeros behind them, [rows, length]. */
function paddedTo(weights: Tensor, length: number, highest: Tensor): Tensor {
  const missing = length - Number(weights.shape[1]);
  if (missing === 0) return weights;
  const zeros = weights.graph.constant(new Float32Array(missing), [1, missing]);
  return concat([weights, mul(cast(equal(highest, highest), "float32"), zeros)], -1);
}

/** Sums of the first, the first two, and so on, of the last axis of x [rows, n]. */
function runningSums(x: Tensor): Tensor {
  const n = Number(x.shape[1]);
  return matmul(x, upperTriangle(x.graph, n));
}

function upperTriangle(graph: Graph, n: number): Tensor {
  const values = Float32Array.from({ length: n * n }, (_, i) => Math.floor(i / n) <= i % n ? 1 : 0);
  return graph.constant(values, [n, n]);
}

/** The first column of `running` [rows, n] above `border` [rows, 1], the last where none is; a float32 [rows, 1]. */
function firstAbove(running: Tensor, border: Tensor): Tensor {
  const { graph, shape } = running;
  const n = Number(shape[1]);
  const fromEnd = graph.constant(Float32Array.from({ length: n }, (_, i) => n - 1 - i), [1, n]);
  return sub(graph.scalar(n - 1), reduceMax(where(greater(running, border), fromEnd, graph.scalar(0)), -1));
}

/** int64 [draws]: where column `column` [draws, 1] of row `row` [draws] lies in a table of `width` columns laid out flat. */
function flatIndex(row: Tensor, width: number, column: Tensor): Tensor {
  const start = mul(row, row.graph.scalar(width, "int32"));
  return cast(add(start, cast(reshape(column, row.shape), "int32")), "int64");
}
