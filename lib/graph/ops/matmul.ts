/** Matrix products: where nearly all the time goes. */
import {
  broadcastShapes,
  type Dimension,
  multiplyDimensions,
  namesIn,
  resolveDimension,
  showShape,
} from "../dimension.ts";
import { forEachBroadcast, ndarray } from "../ndarray.ts";
import { defineOperator, type LowerContext } from "../operator.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";
import { reshape } from "./shape.ts";

/** How a product reads its factors. */
export interface MatmulOptions {
  /** Read `a` with its last two axes swapped. */
  transposeA?: boolean;
  /** Read `b` with its last two axes swapped. */
  transposeB?: boolean;
  /** Multiply the result by this number; free on the CPU. */
  scale?: number;
}

const applyMatmul = defineOperator<Required<MatmulOptions>>({
  name: "matmul",
  infer([a, b], { transposeA, transposeB }) {
    if (a.shape.length < 2 || b.shape.length < 2) throw new Error("expected two axes or more on both sides");
    const [m, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const [innerB, n] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
    if (inner !== innerB) throw new Error(`the inner sizes differ: ${inner} and ${innerB}`);
    return [{ dtype: a.dtype, shape: [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }];
  },
  gradient({ inputs: [a, b], outputGradient: dy, attributes: { transposeA, transposeB, scale } }) {
    const da = transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true, scale })
      : matmul(dy, b, { transposeB: !transposeB, scale });
    let db: Tensor;
    if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
      // One product over all rows instead of one a batch and a sum.
      const [a2, dy2] = [asRows(a), asRows(dy)];
      db = transposeB ? matmul(dy2, a2, { transposeA: true, scale }) : matmul(a2, dy2, { transposeA: true, scale });
    } else {
      db = transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA, scale })
        : matmul(a, dy, { transposeA: !transposeA, scale });
    }
    return [sumTo(da, a), sumTo(db, b)];
  },
  lower: (context) =>
    context.target === "webgpu" || context.target === "portable" ? lowerStandard(context) : lowerFused(context),
  evaluate([a, b], { transposeA, transposeB, scale }) {
    const [m, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) as number[];
    const result = ndarray([...batch, m, n]);
    const [stepAm, stepAk] = transposeA ? [1, m] : [inner, 1];
    const [stepBk, stepBn] = transposeB ? [1, inner] : [n, 1];
    // Broadcast over the batch axes only: arrays of block numbers stand in for the matrices.
    const blocks = [a, b].map((x) => ndarray(x.shape.slice(0, -2)));
    forEachBroadcast(batch, blocks, (block, [blockA, blockB]) => {
      const [startA, startB, startY] = [blockA * m * inner, blockB * inner * n, block * m * n];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let k = 0; k < inner; k++) {
            total += a.data[startA + i * stepAm + k * stepAk] * b.data[startB + k * stepBk + j * stepBn];
          }
          result.data[startY + i * n + j] = total * scale;
        }
      }
    });
    return [result];
  },
});

/**
 * From this many columns on, the CPU is faster at transposing a factor and multiplying than at reading it transposed: by
 * 34% for the vocabulary head of Qwen2.5-0.5B, while at 256 columns it is slower by as much as 20%.
 */
const TRANSPOSE_FROM = 512;

/** ONNX Runtime's CPU and CUDA providers read transposed factors and scale in one node. */
function lowerFused(context: LowerContext<Required<MatmulOptions>>): void {
  const { target, inputs: [a, b], inputTypes: [{ shape: shapeA }], outputTypes, outputs, attributes, emit } = context;
  const { transposeA, transposeB, scale } = attributes;
  const columns = outputTypes[0].shape.at(-1)!;
  const isWide = target === "cpu" && typeof columns === "number" && columns >= TRANSPOSE_FROM;
  const apart = transposeA && shapeA.length === 2 && isWide;
  const left = apart ? emit("Transpose", [a], { attributes: { perm: [1, 0] } }) : a;
  const readTransposed = transposeA && !apart;
  if (!readTransposed && !transposeB && scale === 1) {
    emit("MatMul", [left, b], { outputs });
    return;
  }
  emit("FusedMatMul", [left, b], {
    outputs,
    attributes: { transA: readTransposed ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: scale } },
    domain: "com.microsoft",
  });
}

/**
 * Without FusedMatMul, which is no part of the ONNX standard, and which the WebGPU provider lacks. Its Gemm reads
 * transposed matrices with the same tiles as its MatMul, so a weight is read once; a Transpose before a MatMul would read
 * it, write a copy and read that, three times the traffic of a step of decoding, which is little else. (SwiftShader
 * agrees: Gemm takes 0.13 of their time for 8 rows of [4864, 896], 0.4 for 512.)
 */
function lowerStandard(context: LowerContext<Required<MatmulOptions>>): void {
  const { inputs, inputTypes: [a, b], outputs, attributes: { transposeA, transposeB, scale }, emit } = context;
  if (!transposeA && !transposeB && scale === 1) emit("MatMul", inputs, { outputs });
  else if (b.shape.length !== 2 || (transposeA && a.shape.length !== 2)) lowerBatches(context);
  else {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: scale } };
    inRows(context, (rows, outputs) => emit("Gemm", [rows, inputs[1]], { outputs, attributes }));
  }
}

/** A product of `a` [..., n] as one of its rows [rows, n], which Gemm wants. */
function inRows(
  { inputs: [a], inputTypes: [{ shape }], outputTypes, outputs, emit, integers }: LowerContext<Required<MatmulOptions>>,
  product: (rows: string, outputs?: readonly string[]) => string,
): void {
  if (shape.length === 2) {
    product(a, outputs);
    return;
  }
  const last = shape.length - 1;
  const multiplied = product(emit("Flatten", [a], { attributes: { axis: last } }));
  const sizes = outputTypes[0].shape.map((length) => typeof length === "number" ? length : -1);
  if (sizes.filter((length) => length === -1).length <= 1) {
    emit("Reshape", [multiplied, integers(sizes)], { outputs });
    return;
  }
  // Leading sizes that only `a` knows: its shape cut to no columns, where Reshape reads a 0 as "as many as there are". None
  // of these nodes runs on the device.
  const noColumns = emit("Slice", [a, integers([0]), integers([0]), integers([last])]);
  const widened = emit("Unsqueeze", [multiplied, integers(Array.from({ length: last - 1 }, (_, axis) => axis + 1))]);
  emit("Reshape", [widened, emit("Shape", [noColumns])], { outputs });
}

/** Products of batches, as in attention: transposes, and a scale of the smallest of the three tensors, are nodes of their own. */
function lowerBatches(context: LowerContext<Required<MatmulOptions>>): void {
  const { inputs, inputTypes, outputTypes, outputs, attributes: { transposeA, transposeB, scale }, emit, float } =
    context;
  const scaled = (name: string, options = {}) => emit("Mul", [name, float(scale)], options);
  const counts = [...inputTypes, ...outputTypes].map(({ shape }) => shape.map(likelySize).reduce((x, y) => x * y, 1));
  const smallest = scale === 1 ? -1 : counts.indexOf(Math.min(...counts));
  const [left, right] = [transposeA, transposeB].map((swap, position) => {
    const { shape } = inputTypes[position];
    const name = smallest === position ? scaled(inputs[position]) : inputs[position];
    const axes = shape.map((_, axis) => axis);
    const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
    return swap ? emit("Transpose", [name], { attributes: { perm } }) : name;
  });
  if (smallest === 2) scaled(emit("MatMul", [left, right]), { outputs });
  else emit("MatMul", [left, right], { outputs });
}

/** A guess at a size, to compare tensors by. */
function likelySize(length: Dimension): number {
  return resolveDimension(length, Object.fromEntries(namesIn(length).map((name) => [name, 64])));
}

/** `x` [..., n] as [rows, n]. */
function asRows(x: Tensor): Tensor {
  const rows = multiplyDimensions(...x.shape.slice(0, -1));
  return reshape(x, [rows, x.shape.at(-1)!]);
}

/**
 * The product of `a` [..., m, k] and `b` [..., k, n] (before the optional transposes), times `scale`; leading axes
 * broadcast. Throws when the inner sizes differ.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  if (a.dtype !== b.dtype) {
    throw new Error(`matmul: ${a.dtype}${showShape(a.shape)} times ${b.dtype}${showShape(b.shape)}: cast one of them`);
  }
  return applyMatmul([a, b], { transposeA: false, transposeB: false, scale: 1, ...options })[0];
}

/** x W^T for a weight kept as [out, in], the layout of PyTorch and of every checkpoint. */
export function linear(x: Tensor, weight: Tensor): Tensor {
  return matmul(x, weight, { transposeB: true });
}
