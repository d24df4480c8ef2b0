/**
 * Measures what a training pass takes, in a process of its own: `memory_probe.ts TRAINABLE RESIDUAL_LAYERS` prints the
 * bytes by which the process grew beyond what a pass over a few tokens needs (programs, the runtime), and the estimate.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel, planMemory, type TokenBatch } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { PROBED } from "../support/probed_model.ts";

const [trainable, residualLayers] = [Deno.args[0] as "all" | "lora", Number(Deno.args[1])];
const engine = await createEngine();
const model = await createModel(PROBED.config, { engine, random: new Random(1) });
const adapter = trainable === "lora" ? await createLora(model, new Random(2), { r: 8 }) : null;

async function pass(batch: number, tokens: number): Promise<void> {
  const count = batch * tokens;
  const ids = BigInt64Array.from({ length: count }, (_, at) => BigInt(at % PROBED.config.vocabSize));
  const positions = BigInt64Array.from({ length: count }, (_, at) => BigInt(at % tokens));
  const read: TokenBatch = { batch, tokens, ids, positions, documents: new Int32Array(count) };
  const wanted = { rows: Array.from(ids, (_, at) => at), targets: Array.from(ids, Number) };
  const coefficients = new Float32Array(count).fill(-1 / count);
  await model.forwardBackward(read, wanted, coefficients, (_, gradient) => gradient.dispose(), {
    adapter,
    trainable,
    residualLayers,
  });
}

/** The most memory that the process held, where the system says it; else what it holds. */
function highestBytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))![1]) * 1024;
  } catch {
    return Deno.memoryUsage().rss;
  }
}

await pass(1, 8);
const before = highestBytes();
await pass(PROBED.batch, PROBED.tokens);
const { batch, tokens } = PROBED;
const options = { adapter, trainable, batch, tokens, gradientCheckpointing: residualLayers === 0 };
const estimated = planMemory(PROBED.config, options).bytes;
console.log(JSON.stringify({ measured: highestBytes() - before, estimated }));
Deno.exit(0);
