/**
 * `deno task scale`: what this machine, one GPU and a cluster do in how much time, memory and money.
 *
 * Exit codes: 0 success, 1 the model is not to be had, 2 the command line is wrong.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { type ModelConfig, parameterCount, readConfig, resolveModel } from "../models/mod.ts";
import {
  ASSUMED_SHARES,
  type CardName,
  CARDS,
  cluster,
  describeWorkload,
  type Estimate,
  estimate,
  type Machine,
  type Method,
  oneCard,
  PUBLISHED_MODELS,
  thisMachine,
  USUAL_WORKLOADS,
  type Workload,
} from "../scale/mod.ts";
import { markdownTable } from "./markdown_table.ts";

const HELP = `What this machine, one GPU and a cluster do in how much time, memory and money.

  deno task scale                          SFT, DPO and GRPO of Qwen2.5 from 0.5B to 32B
  deno task scale --model <name or folder> one model; of Qwen2.5 no file is needed, others are read or fetched
  deno task scale --method sft             one method: sft, dpo, grpo

  --rows <n> --tokens <n> --epochs <n>     of SFT and DPO
  --steps <n> --prompts <n> --samples <n> --new-tokens <n>   of GRPO
  --card <name>                            one card: ${Object.keys(CARDS).join(", ")}; default RTX 4090
  --cluster <name>x<count>                 default H100x8
  --price <amount>                         of one card for an hour, in any currency: adds costs

This machine's CPU is measured in a second. The rates of cards are those that their makers publish, and the share of them that
training reaches is assumed: ${ASSUMED_SHARES.training} of products, ${ASSUMED_SHARES.decoding} of memory. One card runs Kiln through WebGPU, in float32 on
weights of 16 or 4 bits; a cluster runs what deno task recipe writes, in bfloat16. Loading, rewards, the time that
starting work on a card takes and waiting for other devices are not counted: small models are slower than that.
`;

/** A command line that cannot be. */
class ScaleOptionsError extends Error {
  override name = "ScaleOptionsError";
}

/** A cell of the table: time, memory of a device, form of the weights, and costs where there is a price. */
export function estimateCell(result: Estimate, { devices, sharesFrom }: Machine, price?: number): string {
  const memory = `${(result.memoryBytes / 1e9).toFixed(1)} GB${devices > 1 ? " each" : ""}`;
  if (!result.fits) return `${memory}, ${result.precision}: does not fit`;
  // What nobody has measured leaves much uncounted.
  const time = `${sharesFrom === "assumed" ? "at least " : ""}${showDuration(result.seconds)}`;
  const cost = price === undefined ? [] : [`costs ${(price * result.deviceHours).toFixed(2)}`];
  return [time, memory, result.precision, ...cost].join(", ");
}

/** 40 s, 12 min, 3.4 h, 12 days */
export function showDuration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  if (seconds < 100 * 60) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 100 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(0)} days`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options === null) {
      console.log(HELP);
      return 0;
    }
    await printTable(options);
    return 0;
  } catch (error) {
    // What is wrong with the program itself is worth its stack.
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error;
    console.error(`deno task scale: ${error.message}`);
    return error instanceof ScaleOptionsError ? 2 : 1;
  }
}

type Options = NonNullable<ReturnType<typeof readOptions>>;

async function printTable({ model, works, card, many, price }: Options): Promise<void> {
  const here = await thisMachine();
  const machines = [here, oneCard(card), cluster(many.card, many.devices)];
  console.log(
    `${here.name}: ${here.gflops.toFixed(0)} GFLOP/s in training's products, ${
      here.gigabytes.toFixed(1)
    } GB/s of weights`,
  );
  const models = model === undefined ? PUBLISHED_MODELS : { [model]: await configOf(model) };
  const rows = works.flatMap((work) =>
    Object.entries(models).map(([name, config]) => ({
      run: describeWorkload(work),
      model: label(name, config),
      ...Object.fromEntries(machines.map((machine) => {
        // Nobody is paid for the machine at hand.
        const cell = estimateCell(estimate(config, work, machine), machine, machine === here ? undefined : price);
        return [machine.name, cell];
      })),
    }))
  );
  console.log(markdownTable(rows));
}

function label(name: string, config: ModelConfig): string {
  const count = parameterCount(config);
  const size = count < 1e8 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(2)}B`;
  return `${name.replace(/^.*\//, "")} (${size})`;
}

async function configOf(name: string): Promise<ModelConfig> {
  const published = Object.entries(PUBLISHED_MODELS).find(([known]) => [known, `${known}-Instruct`].includes(name));
  return published ? published[1] : await readConfig(await resolveModel(name));
}

function readOptions(args: readonly string[]) {
  const flags = readFlags(args);
  if (flags.help) return null;
  const methods = Object.keys(USUAL_WORKLOADS) as Method[];
  const chosen = flags.method === undefined ? methods : [oneOf("method", flags.method, methods)];
  const [, clusterCard, devices] = /^(.+)x(\d+)$/.exec(flags.cluster) ??
    fail("cluster", "such as H100x8", flags.cluster);
  const names = Object.keys(CARDS) as CardName[];
  return {
    model: flags.model,
    works: chosen.map((method) => workload(method, flags)),
    card: oneOf("card", flags.card, names),
    many: { card: oneOf("cluster", clusterCard, names), devices: whole("cluster", devices) },
    price: flags.price === undefined ? undefined : amount("price", flags.price),
  };
}

function readFlags(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: text,
        method: text,
        rows: text,
        tokens: text,
        epochs: text,
        steps: text,
        prompts: text,
        samples: text,
        "new-tokens": text,
        card: { type: "string", default: "RTX 4090" },
        cluster: { type: "string", default: "H100x8" },
        price: text,
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new ScaleOptionsError((error as Error).message);
  }
}

/** The usual run of a method, with what was asked for in its place. */
function workload(method: Method, flags: ReturnType<typeof readFlags>): Workload {
  const usual = USUAL_WORKLOADS[method];
  const { rows, tokens, epochs, steps, prompts, samples, "new-tokens": newTokens } = flags;
  const wanted = Object.entries({ rows, tokens, epochs, steps, prompts, samples, newTokens });
  const given = wanted.flatMap(([name, value]) =>
    value !== undefined && name in usual ? [[name, whole(name, value)]] : []
  );
  return { ...usual, ...Object.fromEntries(given) } as Workload;
}

function oneOf<const Value extends string>(flag: string, value: string, known: readonly Value[]): Value {
  return known.find((each) => each === value) ?? fail(flag, `one of ${known.join(", ")}`, value);
}

function whole(flag: string, value: string): number {
  const parsed = z.coerce.number().int().positive().safeParse(value);
  return parsed.success ? parsed.data : fail(flag, "a whole number above 0", value);
}

function amount(flag: string, value: string): number {
  const parsed = z.coerce.number().nonnegative().safeParse(value);
  return parsed.success && value.trim() !== "" ? parsed.data : fail(flag, "an amount", value);
}

function fail(flag: string, expected: string, got: string): never {
  throw new ScaleOptionsError(`--${flag}: expected ${expected}, got ${JSON.stringify(got)}`);
}
