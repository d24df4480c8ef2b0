/** A run's rows, read once for whichever tool. */
import type { Tokenizer } from "../tokenizer/mod.ts";
import {
  type ExampleRow,
  exampleRow,
  type PairRow,
  pairRow,
  promptRow,
  readRunRows,
  type RecordedPromptRow,
  type RecordedRun,
} from "./read_run.ts";
import { RowTexts } from "./texts.ts";

/** The rows of a run by its method; `held` is null where nothing was held out. */
export type RunData =
  & { texts: RowTexts; tooMany: boolean }
  & (
    | { kind: "examples"; train: ExampleRow[]; held: ExampleRow[] | null }
    | { kind: "pairs"; train: PairRow[]; held: PairRow[] | null }
    | { kind: "prompts"; train: RecordedPromptRow[]; held: null }
  );

/**
 * Reads them.
 *
 * @throws {JsonlError} naming file and line of a row that is damaged
 */
export async function readRunData(run: RecordedRun, tokenizer: Tokenizer): Promise<RunData> {
  const texts = new RowTexts(tokenizer);
  const tooMany = run.record.data.train?.file === null;
  const shared = { texts, tooMany };
  if (run.method === "sft") {
    const train = await readRunRows(run, exampleRow, "train") ?? [];
    return { kind: "examples", ...shared, train, held: await readRunRows(run, exampleRow, "evaluation") };
  }
  if (run.method === "dpo") {
    const train = await readRunRows(run, pairRow, "train") ?? [];
    return { kind: "pairs", ...shared, train, held: await readRunRows(run, pairRow, "evaluation") };
  }
  return { kind: "prompts", ...shared, train: await readRunRows(run, promptRow, "train") ?? [], held: null };
}

/** Says where rows come from that were too many to be written down. */
export function missingData({ record, parameters }: RecordedRun, format: string): string {
  const source = typeof parameters.dataset === "string" && parameters.dataset !== "generated"
    ? ` of ${parameters.dataset}`
    : "";
  return `The ${
    record.data.train!.rows.toLocaleString("en")
  } rows${source} were too many for the run to write down: put them ` +
    `there as ${format}.`;
}
