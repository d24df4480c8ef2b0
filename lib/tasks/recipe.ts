/**
 * `deno task recipe`: a run as a recipe for TRL, LLaMA-Factory or verl.
 *
 * Exit codes: 0 success, 1 there is no such recipe, 2 the command line is wrong, 130 Ctrl-C.
 */
import { parseArgs } from "node:util";
import { exportRecipe, type ExportRecipeOptions, type Mapping, RECIPE_TOOLS, type RecipeTool } from "../recipes/mod.ts";
import { stoppable } from "./stoppable.ts";

const HELP = `Writes a run as a recipe for a tool that trains on GPUs and clusters: configuration, data, launch line.

  deno task recipe 01-grpo-gsm8k --to trl                   TRL with accelerate, DeepSpeed, vLLM: SFT, GRPO, DPO
  deno task recipe 02-medical-cot-sft --to llamafactory     LLaMA-Factory: SFT, DPO
  deno task recipe 08-r3-ppo --to verl --gpus 8             verl with Ray, vLLM: GRPO, PPO, SFT

The run is named by its name (the newest one; 01-grpo-gsm8k-003 is a certain one) or its folder.
What became of each option of the run is in the recipe's MAPPING.md; what changes the result is printed.

  --to <tool>          trl, llamafactory, verl
  --gpus <n>           cards that work together; the batch of a step stays that of the run (default 1)
  --model <model>      what the tool loads: a hub id, or a folder there (default the run's model)
  --dtype <type>       bfloat16 (default), float32 as Kiln computes
  --vllm-mode <mode>   where TRL's vLLM runs: colocate (default), server
  --gpu-memory <GB>    of a card, by which DeepSpeed's ZeRO stage is chosen (default 80)
  --output <folder>    where the recipe goes (default recipe-TOOL in the run's folder)
  --help               this text
`;

/** A command line that cannot be read. */
class RecipeUsageError extends Error {
  override name = "RecipeUsageError";
}

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  try {
    const options = readArguments(args);
    if (options === null) return console.log(HELP);
    await stoppable("nothing was written", async (signal) => {
      const { folder, files, mapping } = await exportRecipe({ ...options, signal });
      console.log(`${folder}: ${files.join(", ")}`);
      console.log(summary(mapping));
      console.log("README.md says how to start it, MAPPING.md what became of each option");
    });
  } catch (error) {
    // What is wrong with the program itself is worth its stack.
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error;
    console.error(`deno task recipe: ${error.message}`);
    Deno.exitCode = error instanceof RecipeUsageError ? 2 : 1;
  }
}

/** How many options went where, and those whose loss will show. */
function summary({ options, added }: Mapping): string {
  const count = (wanted: string) => options.filter(({ status }) => status === wanted).length;
  const lost = options.filter(({ matters }) => matters);
  return [
    `${count("mapped")} options mapped, ${count("implied")} implied, ${
      count("unmapped")
    } unmapped; ${added.length} fields besides`,
    ...lost.map(({ option, note }) => `! ${option}: ${note}`),
  ].join("\n");
}

/** Reads the command line; null asks for help. Throws {RecipeUsageError} naming what is wrong with it. */
function readArguments(args: readonly string[]): ExportRecipeOptions | null {
  const { values, positionals } = parsed(args);
  if (values.help) return null;
  if (positionals.length !== 1) {
    throw new RecipeUsageError(`expected one run, such as 01-grpo-gsm8k, got ${positionals.length}`);
  }
  return {
    run: positionals[0],
    to: oneOf("--to", RECIPE_TOOLS, values.to) as RecipeTool,
    gpus: number("--gpus", values.gpus, (value) => Number.isInteger(value)),
    dtype: oneOf("--dtype", ["bfloat16", "float32"] as const, values.dtype),
    vllmMode: oneOf("--vllm-mode", ["colocate", "server"] as const, values["vllm-mode"]),
    gpuMemory: 1e9 * number("--gpu-memory", values["gpu-memory"], Number.isFinite),
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.output === undefined ? {} : { output: values.output }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        to: { type: "string" },
        gpus: { type: "string", default: "1" },
        model: { type: "string" },
        dtype: { type: "string", default: "bfloat16" },
        "vllm-mode": { type: "string", default: "colocate" },
        "gpu-memory": { type: "string", default: "80" },
        output: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new RecipeUsageError((error as Error).message);
  }
}

function oneOf<Value extends string>(name: string, known: readonly Value[], given: string | undefined): Value {
  const found = known.find((value) => value === given);
  if (found === undefined) {
    throw new RecipeUsageError(`${name}: expected one of ${known.join(", ")}, got ${given ?? "nothing"}`);
  }
  return found;
}

function number(name: string, text: string, fits: (value: number) => boolean): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && fits(value)) return value;
  throw new RecipeUsageError(`${name} ${text}: expected a number above 0`);
}
