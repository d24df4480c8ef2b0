/**
 * The fit behind Q4_K: 32 weights as level * scale + minimum, with levels from 0 to 15 and a minimum of at most 0, so
 * that the sum of squared errors is small. The error of a weight counts by its importance: its absolute value and the
 * root mean square of the 32 added.
 *
 * The method is llama.cpp's without an importance matrix. In 21 attempts the range of the weights is spread over 14,
 * 14.1, ... 16 levels, each weight is rounded to its level, and with these levels scale and minimum are solved for
 * (weighted least squares); an attempt that lessens the error is kept, and its minimum is where the next attempts
 * begin. Everything is computed in float32, operation for operation, so that the blocks are llama.cpp's to the bit.
 *
 * Four parts of 32 weights are fitted at a time, one in each lane of the vectors: within a lane all sums run in their
 * order.
 */
import {
  absolute,
  add,
  addIntegers,
  any,
  assemble,
  both,
  choose,
  type Code,
  divide,
  doWhile,
  equal,
  four,
  greater,
  integer,
  larger,
  less,
  lessIntegers,
  load,
  loadFour,
  type Local,
  multiply,
  nearest,
  smaller,
  squareRoot,
  store,
  subtract,
  when,
} from "./wasm_function.ts";

const { fround } = Math;

/** Weights that share a scale and a minimum. */
export const partSize = 32;

/** Parts that are fitted at a time. */
export const lanes = 4;

const highestLevel = 15;

// Where things are in the function's memory, in bytes. Vectors have 16.
const arrayBytes = partSize * 16;
const weightsAt = 0, importanceAt = arrayBytes, attemptedAt = 2 * arrayBytes, levelsAt = 3 * arrayBytes;
const scalesAt = 4 * arrayBytes, minimaAt = scalesAt + 16, spreadsAt = minimaAt + 16;

/** Over how many levels the range is spread in each attempt. */
const spreads = Float32Array.from({ length: 21 }, (_, i) => fround(fround(fround(0.1) * i) - 1) + highestLevel);

const indices = Array.from({ length: partSize }, (_, i) => i * 16);
const each = (code: (offset: number) => Code): Code => indices.flatMap(code);

const writeFit = (vector: () => Local, address: () => Local): Code => {
  const [x, w, level, difference] = [vector(), vector(), vector(), vector()];
  const [lowest, highest, squares, sumW, sumX] = [vector(), vector(), vector(), vector(), vector()];
  const [sumL, sumLL, sumXL, determinant, inverse] = [vector(), vector(), vector(), vector(), vector()];
  const [scale, least, error] = [vector(), vector(), vector()];
  const [keptScale, keptLeast, keptError, better, attempt] = [vector(), vector(), vector(), vector(), address()];

  const zero = four(0);
  const square = (a: Code) => multiply(a, a);
  const toLevel = (from: Code): Code =>
    level.set(
      smaller(
        larger(nearest(multiply(inverse.get, subtract(x.get, from))), zero),
        four(highestLevel),
      ),
    );
  const addError = (weighed: Code): Code => [
    ...difference.set(subtract(add(multiply(scale.get, level.get), least.get), x.get)),
    ...error.set(add(error.get, multiply(weighed, square(difference.get)))),
  ];

  return [
    ...lowest.set(load(weightsAt)),
    ...highest.set(lowest.get),
    ...squares.set(zero),
    ...each((offset) => [
      ...x.set(load(weightsAt + offset)),
      ...squares.set(add(squares.get, square(x.get))),
      ...lowest.set(smaller(lowest.get, x.get)),
      ...highest.set(larger(highest.get, x.get)),
    ]),
    ...lowest.set(smaller(lowest.get, zero)),

    ...squares.set(squareRoot(divide(squares.get, four(partSize)))),
    ...sumW.set(zero),
    ...sumX.set(zero),
    ...each((offset) => [
      ...x.set(load(weightsAt + offset)),
      ...w.set(add(squares.get, absolute(x.get))),
      ...store(importanceAt + offset, w.get),
      ...sumW.set(add(sumW.get, w.get)),
      ...sumX.set(add(sumX.get, multiply(w.get, x.get))),
    ]),

    // To begin with, the range over all 16 levels, as it is.
    ...least.set(lowest.get),
    ...inverse.set(divide(four(highestLevel), subtract(highest.get, least.get))),
    ...scale.set(divide(four(1), inverse.get)),
    ...error.set(zero),
    ...each((offset) => [
      ...x.set(load(weightsAt + offset)),
      ...toLevel(least.get),
      ...store(levelsAt + offset, level.get),
      ...addError(load(importanceAt + offset)),
    ]),
    ...keptScale.set(scale.get),
    ...keptLeast.set(least.get),
    ...keptError.set(error.get),

    ...attempt.set(integer(0)),
    ...doWhile(
      [
        ...inverse.set(divide(loadFour(spreadsAt, attempt.get), subtract(highest.get, keptLeast.get))),
        ...[sumL, sumLL, sumXL].flatMap((sum) => sum.set(zero)),
        ...each((offset) => [
          ...x.set(load(weightsAt + offset)),
          ...toLevel(keptLeast.get),
          ...store(attemptedAt + offset, level.get),
          ...w.set(multiply(load(importanceAt + offset), level.get)),
          ...sumL.set(add(sumL.get, w.get)),
          ...sumLL.set(add(sumLL.get, multiply(w.get, level.get))),
          ...sumXL.set(add(sumXL.get, multiply(w.get, x.get))),
        ]),
        ...determinant.set(subtract(multiply(sumW.get, sumLL.get), square(sumL.get))),
        ...scale.set(
          divide(subtract(multiply(sumW.get, sumXL.get), multiply(sumX.get, sumL.get)), determinant.get),
        ),
        ...least.set(
          divide(subtract(multiply(sumLL.get, sumX.get), multiply(sumL.get, sumXL.get)), determinant.get),
        ),
        // A minimum above 0 cannot be stored: then the best scale alone.
        ...better.set(greater(least.get, zero)),
        ...scale.set(choose(divide(sumXL.get, sumLL.get), scale.get, better.get)),
        ...least.set(choose(zero, least.get, better.get)),
        ...error.set(zero),
        ...each((offset) => [
          ...x.set(load(weightsAt + offset)),
          ...level.set(load(attemptedAt + offset)),
          ...addError(load(importanceAt + offset)),
        ]),
        ...better.set(both(less(error.get, keptError.get), greater(determinant.get, zero))),
        ...when(any(better.get), [
          ...keptScale.set(choose(scale.get, keptScale.get, better.get)),
          ...keptLeast.set(choose(least.get, keptLeast.get, better.get)),
          ...keptError.set(choose(error.get, keptError.get, better.get)),
          ...each((offset) =>
            store(
              levelsAt + offset,
              choose(load(attemptedAt + offset), load(levelsAt + offset), better.get),
            )
          ),
        ]),
        ...attempt.set(addIntegers(attempt.get, integer(4))),
      ],
      lessIntegers(attempt.get, integer(spreads.byteLength)),
    ),

    // Weights that are all the same: nothing but a minimum, or nothing at all.
    ...better.set(equal(lowest.get, highest.get)),
    ...store(scalesAt, choose(zero, keptScale.get, better.get)),
    ...store(minimaAt, choose(lowest.get, keptLeast.get, better.get)),
    ...when(
      any(better.get),
      each((offset) => store(levelsAt + offset, choose(zero, load(levelsAt + offset), better.get))),
    ),
  ];
};

/** What {@link fitScaleAndMinimum} finds for each of its parts; overwritten by the next call. */
export interface Fits {
  /** 0 when all weights are the same and not above 0. */
  readonly scales: Float32Array;
  /** At most 0. */
  readonly minima: Float32Array;
  /** From 0 to 15; level i of a part is at i * {@link lanes} + part. */
  readonly levels: Float32Array;
}

/** The function with its memory and what is found there. */
let fitter: { run: () => void; memory: Float32Array; fits: Fits } | undefined;

function openFitter(): NonNullable<typeof fitter> {
  const run = assemble(writeFit);
  const memory = new Float32Array(run.memory);
  memory.set(spreads, spreadsAt / 4);
  const fits: Fits = {
    scales: memory.subarray(scalesAt / 4, scalesAt / 4 + lanes),
    minima: memory.subarray(minimaAt / 4, minimaAt / 4 + lanes),
    levels: memory.subarray(levelsAt / 4, levelsAt / 4 + lanes * partSize),
  };
  return { run, memory, fits };
}

/** Fits {@link lanes} parts of {@link partSize} weights each, which follow each other in `values` from `start` on. */
export function fitScaleAndMinimum(values: Float32Array, start: number): Fits {
  const { run, memory, fits } = fitter ??= openFitter();
  for (let lane = 0; lane < lanes; lane++) {
    for (let i = 0; i < partSize; i++) memory[i * lanes + lane] = values[start + lane * partSize + i];
  }
  run();
  return fits;
}
