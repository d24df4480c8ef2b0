/** A short measurement of what a device does for training and for decoding. */
import { BYTES, Graph, linear, sum } from "../graph/mod.ts";
import type { DeviceSpeed } from "./choose_device.ts";
import type { DeviceTensor, Engine, Program } from "./engine.ts";

/** Products that follow one another. */
const LAYERS = 4;
/** Rows and columns of the square weights: larger ones are tried while they promise to take less than `MOST_SECONDS`. */
const SIZES = [64, 128, 256, 512, 1024];
/** Of one run, and of all runs of a size. */
const [MOST_SECONDS, ENOUGH_SECONDS] = [0.05, 0.06];
const MOST_RUNS = 10;

/** What is measured: products of as many rows as the function says of a size. */
interface Work {
  rows(size: number): number;
  /** Whether the weights are frozen into the program. */
  frozen: boolean;
  lowLatency: boolean;
}

/**
 * Measures products of many and of few rows, with weights that lie where a run would have them: in the program for
 * decoding and where each run copies its feeds, otherwise on the device. Sizes grow with the device, up to 1024 x 1024. The
 * fastest run counts, since others share the machine. Takes well under a second, also on a GPU that is only simulated.
 */
export async function measureDevice(engine: Engine): Promise<DeviceSpeed> {
  const training: Work = { rows: (size) => size / 2, frozen: engine.copiesFeeds, lowLatency: false };
  const decoding: Work = { rows: () => 8, frozen: true, lowLatency: true };
  const [many, few] = [await fastest(engine, training), await fastest(engine, decoding)];
  return {
    device: engine.device,
    gflops: 2 * training.rows(many.size) * many.size ** 2 * LAYERS / many.seconds / 1e9,
    gigabytes: BYTES.float32 * few.size ** 2 * LAYERS / few.seconds / 1e9,
  };
}

/** The largest size that the device is fast enough for, and the seconds of its fastest run. */
async function fastest(engine: Engine, work: Work): Promise<{ size: number; seconds: number }> {
  let result = { size: 0, seconds: 0 };
  for (const [position, size] of SIZES.entries()) {
    const next = SIZES[position + 1];
    const isLargest = (seconds: number) =>
      next === undefined || seconds * work.rows(next) * next ** 2 / (work.rows(size) * size ** 2) > MOST_SECONDS;
    const seconds = await secondsOf(engine, size, work, isLargest);
    result = { size, seconds };
    if (isLargest(seconds)) break;
  }
  return result;
}

/**
 * Seconds of the fastest run, the reading of one number at its end included: of several runs where this is the largest
 * size, else of one.
 */
async function secondsOf(
  engine: Engine,
  size: number,
  { rows, frozen, lowLatency }: Work,
  isLargest: (seconds: number) => boolean,
): Promise<number> {
  const graph = new Graph();
  const x = graph.input("x", [rows(size), size]);
  let y = x;
  for (let layer = 0; layer < LAYERS; layer++) y = linear(y, graph.input(`weight ${layer}`, [size, size]));
  // A result to wait for that is short to read: a device computes on while nobody asks.
  const outputs = { checksum: sum(y, [0, 1]) };
  const weights = graph.inputs.filter((input) => input !== x);
  const shape = [size, size];
  const initializers = frozen
    ? Object.fromEntries(weights.map(({ name }) => [name, { data: numbers(size * size), shape }]))
    : {};
  const program = await engine.compile({ outputs, initializers, lowLatency });
  const feeds: Record<string, DeviceTensor> = {};
  try {
    feeds.x = await engine.store(numbers(rows(size) * size), [rows(size), size]);
    if (!frozen) { for (const { name } of weights) feeds[name] = await engine.store(numbers(size * size), shape); }
    await secondsOfRun(engine, program, feeds); // compiles what is compiled late, and copies
    let best = await secondsOfRun(engine, program, feeds);
    let total = best;
    for (let run = 1; isLargest(best) && run < MOST_RUNS && total < ENOUGH_SECONDS; run++) {
      const seconds = await secondsOfRun(engine, program, feeds);
      best = Math.min(best, seconds);
      total += seconds;
    }
    return best;
  } finally {
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    await program.dispose();
  }
}

async function secondsOfRun(engine: Engine, program: Program, feeds: Record<string, DeviceTensor>): Promise<number> {
  const start = performance.now();
  const { checksum } = await program.run(feeds);
  await engine.read(checksum);
  const seconds = (performance.now() - start) / 1000;
  checksum.dispose();
  return seconds;
}

/** Numbers of either sign, so small that products of them do not grow. */
function numbers(count: number): Float32Array {
  const data = new Float32Array(count);
  const pattern = Math.min(1021, count);
  for (let i = 0; i < pattern; i++) data[i] = ((i * 7919) % 1021 - 510) / 20000;
  for (let filled = pattern; filled < count; filled *= 2) data.copyWithin(filled, 0, filled);
  return data;
}
