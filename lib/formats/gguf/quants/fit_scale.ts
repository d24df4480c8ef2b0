/**
 * The fit behind Q6_K: 16 weights as level * scale, with levels from -32 to 31, so that the sum of squared errors, each
 * times its squared weight, is small.
 *
 * The method is llama.cpp's without an importance matrix. The weight of the largest absolute value is put 32 steps from
 * zero, then 31.1 to 32.9 steps in 18 further attempts; each weight is rounded to its level, and with these levels the
 * best scale has a closed form. Everything is computed in float32, operation for operation, so that the blocks are
 * llama.cpp's to the bit.
 *
 * Four parts of 16 weights are fitted at a time, one in each lane of the vectors: within a lane all sums run in their
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
  store,
  when,
} from "./wasm_function.ts";

const { fround } = Math;

/** Weights that share a scale. */
export const partSize = 16;

/** Parts that are fitted at a time. */
export const lanes = 4;

/** Parts without a larger weight than this are all zeros. */
export const negligible = fround(1e-15);

const steps = 32;

// Where things are in the function's memory, in bytes. Vectors have 16.
const arrayBytes = partSize * 16;
const weightsAt = 0, attemptedAt = arrayBytes, levelsAt = 2 * arrayBytes, scalesAt = 3 * arrayBytes;
const attemptsAt = scalesAt + 16;

/**
 * Where the largest weight is put in each attempt but the first, in steps; negative, for there is one level more below
 * 0.
 */
const attempts = Float32Array.from(
  [-9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  (tenths) => -(steps + fround(fround(0.1) * tenths)),
);

const indices = Array.from({ length: partSize }, (_, i) => i * 16);
const each = (code: (offset: number) => Code): Code => indices.flatMap(code);

const writeFit = (vector: () => Local, address: () => Local): Code => {
  const [x, w, level, largest, largestAbsolute] = [vector(), vector(), vector(), vector(), vector()];
  const [inverse, sumXL, sumLL] = [vector(), vector(), vector()];
  const [scale, explained, better, attempt] = [vector(), vector(), vector(), address()];

  const zero = four(0);

  /** Rounds the weights to levels, which it stores, and adds up what the best scale is had from. */
  const tryLevels = (at: number): Code => [
    ...sumXL.set(zero),
    ...sumLL.set(zero),
    ...each((offset) => [
      ...x.set(load(weightsAt + offset)),
      ...level.set(smaller(larger(nearest(multiply(inverse.get, x.get)), four(-steps)), four(steps - 1))),
      ...store(at + offset, level.get),
      ...w.set(multiply(x.get, x.get)),
      ...sumXL.set(add(sumXL.get, multiply(multiply(w.get, x.get), level.get))),
      ...sumLL.set(add(sumLL.get, multiply(multiply(w.get, level.get), level.get))),
    ]),
  ];

  return [
    ...largest.set(zero),
    ...largestAbsolute.set(zero),
    ...each((offset) => [
      ...x.set(load(weightsAt + offset)),
      ...w.set(absolute(x.get)),
      ...better.set(greater(w.get, largestAbsolute.get)),
      ...largest.set(choose(x.get, largest.get, better.get)),
      ...largestAbsolute.set(choose(w.get, largestAbsolute.get, better.get)),
    ]),

    ...inverse.set(divide(four(-steps), largest.get)),
    ...tryLevels(levelsAt),
    ...scale.set(choose(divide(sumXL.get, sumLL.get), zero, greater(sumLL.get, zero))),
    // What the fit explains of the weighted squares: the more, the smaller the error.
    ...explained.set(multiply(scale.get, sumXL.get)),

    ...attempt.set(integer(0)),
    ...doWhile(
      [
        ...inverse.set(divide(loadFour(attemptsAt, attempt.get), largest.get)),
        ...tryLevels(attemptedAt),
        ...better.set(
          both(
            greater(sumLL.get, zero),
            greater(multiply(sumXL.get, sumXL.get), multiply(explained.get, sumLL.get)),
          ),
        ),
        ...when(any(better.get), [
          ...scale.set(choose(divide(sumXL.get, sumLL.get), scale.get, better.get)),
          ...explained.set(choose(multiply(scale.get, sumXL.get), explained.get, better.get)),
          ...each((offset) =>
            store(levelsAt + offset, choose(load(attemptedAt + offset), load(levelsAt + offset), better.get))
          ),
        ]),
        ...attempt.set(addIntegers(attempt.get, integer(4))),
      ],
      lessIntegers(attempt.get, integer(attempts.byteLength)),
    ),

    ...better.set(less(largestAbsolute.get, four(negligible))),
    ...store(scalesAt, choose(zero, scale.get, better.get)),
    ...when(
      any(better.get),
      each((offset) => store(levelsAt + offset, choose(four(-steps), load(levelsAt + offset), better.get))),
    ),
  ];
};

/** What {@link fitScales} finds for each of its parts; overwritten by the next call. */
export interface Fits {
  /** May be negative; 0 when all weights are negligible. */
  readonly scales: Float32Array;
  /** From -32 to 31; level i of a part is at i * {@link lanes} + part. -32 when all weights are negligible. */
  readonly levels: Float32Array;
}

/** The function with its memory and what is found there. */
let fitter: { run: () => void; memory: Float32Array; fits: Fits } | undefined;

function openFitter(): NonNullable<typeof fitter> {
  const run = assemble(writeFit);
  const memory = new Float32Array(run.memory);
  memory.set(attempts, attemptsAt / 4);
  const fits: Fits = {
    scales: memory.subarray(scalesAt / 4, scalesAt / 4 + lanes),
    levels: memory.subarray(levelsAt / 4, levelsAt / 4 + lanes * partSize),
  };
  return { run, memory, fits };
}

/** Fits {@link lanes} parts of {@link partSize} weights each, which follow each other in `values` from `start` on. */
export function fitScales(values: Float32Array, start: number): Fits {
  const { run, memory, fits } = fitter ??= openFitter();
  for (let lane = 0; lane < lanes; lane++) {
    for (let i = 0; i < partSize; i++) memory[i * lanes + lane] = values[start + lane * partSize + i];
  }
  run();
  return fits;
}
