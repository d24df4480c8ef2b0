/**
 * Matrices in 4 or 8 bits: each row is cut into blocks of 32 numbers, and a block has a scale and, optionally, a zero
 * point of its own.
 *
 *   W[i, j] = scale[i, block of j] (code[i, j] - zeroPoint[i, block of j])
 *
 * The layout is that of ONNX Runtime's MatMulNBits: codes are unsigned, two of 4 bits share a byte with the first in its
 * low half; without zero points they are centred on 8 (of 4 bits) or 128 (of 8). Such matrices are frozen: gradients
 * flow through their products, not to them.
 */
import { sameShape, showShape } from "../dimension.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { defineOperator, type LowerContext } from "../operator.ts";
import type { Tensor, TensorType } from "../tensor.ts";
import { matmul } from "./matmul.ts";
import { ONNX_DTYPE } from "./select.ts";

/** Numbers of a row that share a scale. */
export const BLOCK = 32;

/** Bits of a code. */
export type Bits = 4 | 8;

/** A matrix [rows, columns] in few bits. */
export interface QuantizedMatrix {
  bits: Bits;
  /** uint8 [rows, columns / 32, 4 bits ? 16 : 32] */
  codes: Tensor;
  /** float32 [rows, columns / 32] */
  scales: Tensor;
  /** uint8 [rows, bytes for columns / 32 codes], laid out as codes are; null: codes are centred. */
  zeroPoints: Tensor | null;
}

/** The shapes of what a matrix [rows, columns] is stored as. Throws when a row is not whole blocks. */
export function quantizedShapes(bits: Bits, rows: number, columns: number) {
  if (columns % BLOCK !== 0) {
    throw new Error(`quantized matrix [${rows}, ${columns}]: expected a multiple of ${BLOCK} columns`);
  }
  const blocks = columns / BLOCK;
  return {
    codes: [rows, blocks, BLOCK * bits / 8],
    scales: [rows, blocks],
    zeroPoints: [rows, Math.ceil(blocks * bits / 8)],
  };
}

interface Attributes {
  bits: Bits;
}

/** Rows and columns of the matrix whose parts these are. Throws when they do not belong together. */
function checkParts(bits: Bits, [codes, scales, zeroPoints]: readonly TensorType[]): [rows: number, columns: number] {
  const [rows, blocks] = scales.shape;
  if (scales.shape.length !== 2 || typeof rows !== "number" || typeof blocks !== "number") {
    throw new Error(`expected scales of known shape [rows, blocks], got ${showShape(scales.shape)}`);
  }
  const expected = quantizedShapes(bits, rows, blocks * BLOCK);
  const check = (what: string, { dtype, shape }: TensorType, wanted: readonly number[]) => {
    if (dtype === "uint8" && sameShape(shape, wanted)) return;
    throw new Error(`expected ${what} of uint8${showShape(wanted)}, got ${dtype}${showShape(shape)}`);
  };
  check("codes", codes, expected.codes);
  if (zeroPoints) check("zero points", zeroPoints, expected.zeroPoints);
  return [rows, blocks * BLOCK];
}

/** Codes as numbers, from bytes. */
function unpack({ data }: NdArray, bits: Bits): Float64Array {
  return bits === 8 ? data : Float64Array.from({ length: 2 * data.length }, (_, i) => {
    const byte = data[i >> 1];
    return i % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
  });
}

function evaluateMatrix(bits: Bits, [codes, scales, zeroPoints]: readonly NdArray[]): NdArray {
  const [rows, blocks] = scales.shape;
  const numbers = unpack(codes, bits);
  const zeros = zeroPoints && unpack(zeroPoints, bits);
  const perRow = zeros ? zeros.length / rows : 0;
  const matrix = ndarray([rows, blocks * BLOCK]);
  for (let i = 0; i < matrix.data.length; i++) {
    const block = Math.floor(i / BLOCK);
    const [row, of] = [Math.floor(block / blocks), block % blocks];
    const zero = zeros ? zeros[row * perRow + of] : 2 ** (bits - 1);
    matrix.data[i] = scales.data[block] * (numbers[i] - zero);
  }
  return matrix;
}

const applyDequantize = defineOperator<Attributes>({
  name: "dequantize",
  // Computing it again takes a moment; keeping it would take the memory that quantizing has saved.
  cheap: true,
  infer: (parts, { bits }) => [{ dtype: "float32", shape: checkParts(bits, parts) }],
  gradient: ({ inputs }) => inputs.map(() => null),
  lower: (context) => {
    const { target } = context;
    if (target === "cpu" || target === "portable" || !canGather(context)) lowerArithmetic(context);
    else lowerGather(context, null);
  },
  evaluate: (parts, { bits }) => [evaluateMatrix(bits, parts)],
});

/** ONNX Runtime's CPU provider has an operator for it that takes four times as long as this arithmetic. */
function lowerArithmetic(
  { inputs, outputs, outputTypes, attributes: { bits }, emit, integers, float }: LowerContext<Attributes>,
) {
  const [codes, scales, zeroPoints] = inputs;
  const [rows, columns] = outputTypes[0].shape as number[];
  const blocks = columns / BLOCK;
  const numbers = (bytes: string) => unpacked(bytes, bits, { emit, integers, float });
  const inBlocks = emit("Reshape", [numbers(codes), integers([rows, blocks, BLOCK])]);
  let zero = float(2 ** (bits - 1));
  if (zeroPoints) {
    const padded = emit("Reshape", [numbers(zeroPoints), integers([rows, -1])]);
    const own = emit("Slice", [padded, integers([0]), integers([blocks]), integers([1])]);
    zero = emit("Unsqueeze", [own, integers([2])]);
  }
  const scaled = emit("Mul", [emit("Sub", [inBlocks, zero]), emit("Unsqueeze", [scales, integers([2])])]);
  emit("Reshape", [scaled, integers([rows, columns])], { outputs });
}

/** The WebGPU provider wants zero points of 4 bits to fill their bytes. */
function canGather(
  { target, inputTypes: [{ shape: [, blocks] }, , zeroPoints], attributes: { bits } }: LowerContext<Attributes>,
) {
  return target !== "webgpu" || bits === 8 || !zeroPoints || Number(blocks) % 2 === 0;
}

/** Rows of the matrix at `indices`, or all of them: one operator of ONNX Runtime. */
function lowerGather(
  { inputs, inputTypes, outputs, attributes: { bits }, emit, integers }: LowerContext<Attributes>,
  indices: string | null,
): void {
  const [codes, scales, zeroPoints] = inputs;
  const [rows, blocks, bytes] = inputTypes[0].shape as number[];
  const flat = emit("Reshape", [codes, integers([rows, blocks * bytes])]);
  const all = () => integers(Array.from({ length: rows }, (_, row) => row));
  emit("GatherBlockQuantized", [flat, indices ?? all(), scales, ...(zeroPoints ? [zeroPoints] : [])], {
    outputs,
    attributes: { bits, block_size: BLOCK, gather_axis: 0, quantize_axis: 1 },
    domain: "com.microsoft",
  });
}

/**
 * Rows of the matrix in nodes of the standard: ONNX Runtime's WebAssembly has no GatherBlockQuantized. Only what is asked for
 * is widened.
 */
function lowerRows(
  { inputs: [indices, codes, scales, zeroPoints], inputTypes: [{ shape }], outputs, outputTypes, ...context }:
    LowerContext<Attributes>,
): void {
  const { attributes: { bits }, emit, integers, float } = context;
  const rank = shape.length;
  const columns = outputTypes[0].shape[rank] as number;
  const blocks = columns / BLOCK;
  const rows = (part: string) => emit("Gather", [part, indices], { attributes: { axis: 0 } });
  // In a Reshape a 0 stands for "as many as there are".
  const behindRows = (x: string, lengths: readonly number[], outputs?: readonly string[]) =>
    emit("Reshape", [x, integers([...shape.map(() => 0), ...lengths])], { outputs });
  const numbers = (bytes: string) => behindRows(unpacked(bytes, bits, context), [-1]);
  let zero = float(2 ** (bits - 1));
  if (zeroPoints) {
    const padded = numbers(rows(zeroPoints));
    const own = emit("Slice", [padded, integers([0]), integers([blocks]), integers([rank])]);
    zero = emit("Unsqueeze", [own, integers([rank + 1])]);
  }
  const inBlocks = behindRows(numbers(rows(codes)), [blocks, BLOCK]);
  const scale = emit("Unsqueeze", [rows(scales), integers([rank + 1])]);
  behindRows(emit("Mul", [emit("Sub", [inBlocks, zero]), scale]), [columns], outputs);
}

/** Bytes as the numbers that they hold; of 4 bits there are two in a byte, along a new last axis. */
function unpacked(
  bytes: string,
  bits: Bits,
  { emit, integers, float }: Pick<LowerContext<Attributes>, "emit" | "integers" | "float">,
): string {
  const byte = emit("Cast", [bytes], { attributes: { to: ONNX_DTYPE.float32 } });
  if (bits === 8) return byte;
  const high = emit("Floor", [emit("Mul", [byte, float(1 / 16)])]);
  const low = emit("Sub", [byte, emit("Mul", [high, float(16)])]);
  const halves = [low, high].map((half) => emit("Unsqueeze", [half, integers([-1])]));
  return emit("Concat", halves, { attributes: { axis: -1 } });
}

const applyGather = defineOperator<Attributes>({
  name: "dequantize_rows",
  infer([indices, ...parts], { bits }) {
    if (indices.dtype !== "int64") throw new Error(`expected int64 indices, got ${indices.dtype}`);
    return [{ dtype: "float32", shape: [...indices.shape, checkParts(bits, parts)[1]] }];
  },
  gradient: ({ inputs }) => inputs.map(() => null),
  lower(context) {
    if (context.target === "portable") return lowerRows(context);
    const [indices, ...inputs] = context.inputs;
    const inputTypes = context.inputTypes.slice(1);
    const ofParts = { ...context, inputs, inputTypes };
    if (canGather(ofParts)) return lowerGather(ofParts, indices);
    const [matrix, shape] = [`${context.outputs[0]} of all rows`, checkParts(context.attributes.bits, inputTypes)];
    lowerArithmetic({ ...ofParts, outputs: [matrix], outputTypes: [{ dtype: "float32", shape }] });
    context.emit("Gather", [matrix, indices], { outputs: context.outputs, attributes: { axis: 0 } });
  },
  evaluate([indices, ...parts], { bits }) {
    const matrix = evaluateMatrix(bits, parts);
    const width = matrix.shape[1];
    const result = ndarray([...indices.shape, width]);
    indices.data.forEach((index, row) => {
      result.data.set(matrix.data.subarray(index * width, (index + 1) * width), row * width);
    });
    return [result];
  },
});

const applyLinear = defineOperator<Attributes>({
  name: "quantized_linear",
  infer([x, ...parts], { bits }) {
    const [rows, columns] = checkParts(bits, parts);
    if (x.dtype !== "float32") throw new Error(`expected float32, got ${x.dtype}`);
    if (x.shape.at(-1) !== columns) throw new Error(`the inner sizes differ: ${x.shape.at(-1)} and ${columns}`);
    return [{ dtype: "float32", shape: [...x.shape.slice(0, -1), rows] }];
  },
  gradient({ inputs: [, ...parts], outputGradient, attributes }) {
    const weight = applyDequantize(parts, attributes)[0];
    return [matmul(outputGradient, weight), ...parts.map(() => null)];
  },
  lower(context) {
    const { target, inputs: [x, ...parts], inputTypes, outputs, attributes: { bits }, emit } = context;
    const [rows, columns] = checkParts(bits, inputTypes.slice(1));
    if (target !== "cpu" || bits === 4) {
      // A file for everybody meets CPUs, whose only fast product of 8 bits (level 4) rounds blocks of x to 8 bits too.
      const accuracy: Record<string, number> = target === "portable" && bits === 8 ? { accuracy_level: 4 } : {};
      emit("MatMulNBits", [x, ...parts], {
        outputs,
        attributes: { K: columns, N: rows, bits, block_size: BLOCK, ...accuracy },
        domain: "com.microsoft",
      });
      return;
    }
    // For 8 bits the CPU provider has no kernel that keeps x in float32, and falls back to one that is 50 times slower.
    const weight = `${outputs[0]} weight`;
    const outputTypes = [{ dtype: "float32" as const, shape: [rows, columns] }];
    lowerArithmetic({ ...context, inputs: parts, inputTypes: inputTypes.slice(1), outputs: [weight], outputTypes });
    emit("FusedMatMul", [x, weight], { outputs, attributes: { transB: 1 }, domain: "com.microsoft" });
  },
  evaluate([x, ...parts], { bits }) {
    const { shape: [rows, columns], data: weight } = evaluateMatrix(bits, parts);
    const result = ndarray([...x.shape.slice(0, -1), rows]);
    for (let i = 0; i < sizeOf(x.shape) / columns; i++) {
      for (let row = 0; row < rows; row++) {
        let total = 0;
        for (let k = 0; k < columns; k++) total += x.data[i * columns + k] * weight[row * columns + k];
        result.data[i * rows + row] = total;
      }
    }
    return [result];
  },
});

function partsOf({ codes, scales, zeroPoints }: QuantizedMatrix): Tensor[] {
  return zeroPoints ? [codes, scales, zeroPoints] : [codes, scales];
}

/** The matrix as float32 [rows, columns]. */
export function dequantize(matrix: QuantizedMatrix): Tensor {
  return applyDequantize(partsOf(matrix), { bits: matrix.bits })[0];
}

/** Rows of the matrix at int64 `indices` [...]: float32 [..., columns]. */
export function dequantizeRows(matrix: QuantizedMatrix, indices: Tensor): Tensor {
  return applyGather([indices, ...partsOf(matrix)], { bits: matrix.bits })[0];
}

/** x W^T for a weight of few bits kept as [out, in]: `x` [..., in] gives [..., out]. The backward pass is exact: dy W. */
export function quantizedLinear(x: Tensor, matrix: QuantizedMatrix): Tensor {
  return applyLinear([x, ...partsOf(matrix)], { bits: matrix.bits })[0];
}
