/** A run's folder, as recipes need it. */
import { z } from "zod";
import { readJsonl } from "../files/mod.ts";
import { START_ADAPTER, TRAINER_FILE } from "../train/mod.ts";
import type { Json } from "./mapping.ts";

/** What recipes are for. */
export const METHODS = ["sft", "grpo", "dpo", "ppo"] as const;

/** One of `METHODS`. */
export type Method = (typeof METHODS)[number];

const whole = z.number().int().nonnegative();
const dataSchema = z.object({ rows: whole, numbers: whole, file: z.string().regex(/^[\w-]+\.jsonl$/).nullable() })
  .nullable();
const json: z.ZodType<Json> = z.json();
const knownReward = z.object({ name: z.string(), prefill: z.string() });
const rewardsSchema = z.record(
  z.string().regex(/^[A-Za-z_]\w*$/, "expected the name of a function"),
  z.object({ weight: z.number(), known: knownReward.nullable(), source: z.string().nullable() }),
);

const recordSchema = z.object({
  format: z.literal(1),
  trainer: z.string(),
  options: z.record(z.string(), json),
  given: z.array(z.string()),
  totalSteps: z.number().int().positive(),
  stepsPerEpoch: z.number().positive().nullable(),
  model: z.object({
    baseModel: z.string().nullable(),
    folder: z.string().nullable(),
    parameters: z.number().positive(),
    precision: z.looseObject({ weights: z.enum(["float32", "float16", "8bit", "4bit"]) }).nullable(),
    shape: z.looseObject({ vocabSize: z.number().int().positive(), maxPositions: z.number().int().positive() }),
  }),
  adapter: z.object({
    r: z.number().int().positive(),
    loraAlpha: z.number().positive(),
    useRslora: z.boolean(),
    targetModules: z.array(z.string()).min(1),
    tables: z.array(z.string()),
    trainableTokenIndices: z.array(whole),
    begunBefore: z.boolean(),
  }).nullable(),
  data: z.object({ train: dataSchema, evaluation: dataSchema }),
  rewards: rewardsSchema.optional(),
  episodes: z.looseObject({ kind: z.string() }).optional(),
  hasReferenceModel: z.boolean().optional(),
});

/** What `trainer.json` says. */
export type RunRecord = z.infer<typeof recordSchema>;

const ids = z.array(whole).min(1);
/** A line of the data that SFT learned from. */
export const exampleRow = z.object({ ids, trained: z.array(z.tuple([whole, whole])).min(1) }).refine(
  ({ ids, trained }) =>
    trained.every(([from, to], i) => from < to && to <= ids.length && from >= (trained[i - 1]?.[1] ?? 0)),
  { error: "expected stretches of ids, one after another", path: ["trained"] },
);
/** A line of the data that DPO learned from. */
export const pairRow = z.object({ promptIds: z.array(whole), chosenIds: ids, rejectedIds: ids });
/** A line of the prompts that GRPO and PPO completed. */
export const promptRow = z.object({
  prompt: z.string(),
  addSpecialTokens: z.boolean(),
  columns: z.record(z.string(), json),
});

/** A row with the tokens that were learned, as stretches [from, to). */
export type ExampleRow = z.infer<typeof exampleRow>;
/** A pair of completions. */
export type PairRow = z.infer<typeof pairRow>;
/** A prompt to complete. */
export type RecordedPromptRow = z.infer<typeof promptRow>;

/** A run that has a record. */
export interface RecordedRun {
  path: string;
  method: Method;
  record: RunRecord;
  parameters: Readonly<Record<string, Json>>;
  /** The adapter that training began with, where it had been trained before. */
  startAdapter: string | null;
}

/**
 * Reads a run.
 *
 * @throws Naming the file, when the folder is no run, its trainer left no record, or the record is damaged.
 */
export async function readRun(path: string): Promise<RecordedRun> {
  const parameters = await readJson(
    `${path}/parameters.json`,
    "expected the folder of a run, such as outputs/NAME-001",
  );
  const parsedParameters = z.record(z.string(), json).safeParse(parameters);
  if (!parsedParameters.success) throw new Error(`${path}/parameters.json: expected a JSON object`);
  const file = `${path}/${TRAINER_FILE}`;
  const record = recordSchema.safeParse(
    await readJson(
      file,
      "a trainer writes it when its outputDir is the folder of a run. The run was made before there were recipes, or " +
        "trained nothing, or elsewhere: train again with outputDir: run.path",
    ),
  );
  if (!record.success) {
    const [issue] = record.error.issues;
    throw new Error(`${file}: field "${issue.path.join(".")}": ${issue.message}`);
  }
  const method = METHODS.find((known) => known === record.data.trainer);
  if (method === undefined) {
    throw new Error(`${file}: no recipe for trainer "${record.data.trainer}"; expected one of ${METHODS.join(", ")}`);
  }
  const startAdapter = record.data.adapter?.begunBefore ? `${path}/${START_ADAPTER}` : null;
  return { path, method, record: record.data, parameters: parsedParameters.data, startAdapter };
}

/**
 * Reads the rows that were trained on, or held out.
 *
 * @returns null where the run had none; an empty list where they were too many to be written down.
 * @throws {JsonlError} naming file and line
 */
export async function readRunRows<Row>(
  { path, record }: RecordedRun,
  schema: z.ZodType<Row>,
  part: "train" | "evaluation",
): Promise<Row[] | null> {
  const data = record.data[part];
  if (data === null) return null;
  if (data.file === null) return [];
  const { rows } = await readJsonl(`${path}/${data.file}`, schema);
  if (rows.length !== data.rows) {
    throw new Error(`${path}/${data.file}: ${rows.length} rows, and ${TRAINER_FILE} says ${data.rows}`);
  }
  return rows;
}

async function readJson(path: string, hint: string): Promise<unknown> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new Error(`${path}: there is no such file; ${hint}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not JSON (${(error as Error).message})`, { cause: error });
  }
}
