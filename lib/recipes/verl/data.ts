/** Rows in verl's formats: Parquet, with the columns that its data sets read. */
import { type ParquetSchema, toParquet } from "../parquet.ts";
import type { ExampleRow, RecordedPromptRow } from "../read_run.ts";
import type { RowTexts } from "../texts.ts";

const MESSAGES = { listOf: ["role", "content"] } as const;

const PROMPTS: ParquetSchema = {
  data_source: "string",
  prompt: MESSAGES,
  ability: "string",
  reward_model: { record: { style: "string", ground_truth: "string" } },
  extra_info: { record: { index: "int64", columns: "string" } },
};

/**
 * Prompts for `main_ppo`. The gold answer is the column `answer`; all columns are in `extra_info.columns` as JSON.
 *
 * @returns The file, and the tokens of the longest prompt.
 */
export function verlPrompts(
  rows: readonly RecordedPromptRow[],
  texts: RowTexts,
): { file: Uint8Array; longest: number } {
  let longest = 0;
  const records = rows.map((row, index) => {
    const { bare, tokens } = texts.prompt(row);
    longest = Math.max(longest, tokens);
    const { answer } = row.columns;
    return {
      data_source: "kiln",
      prompt: [{ role: "user", content: bare }],
      ability: "kiln",
      reward_model: {
        style: "rule",
        ground_truth: typeof answer === "string" ? answer : JSON.stringify(answer ?? null),
      },
      extra_info: { index, columns: JSON.stringify(row.columns) },
    };
  });
  return { file: toParquet(records, PROMPTS), longest };
}

/**
 * Messages for the SFT trainer: what is learned is the assistant's, whatever is not is the user's.
 *
 * @returns The file, and how many rows give other tokens than the run was trained on.
 */
export function verlExamples(rows: readonly ExampleRow[], texts: RowTexts): { file: Uint8Array; differing: number } {
  const asTexts = rows.map((row) => texts.row(row));
  const records = asTexts.map(({ segments }) => ({
    messages: segments.map(({ text, trained }) => ({ role: trained ? "assistant" : "user", content: text })),
  }));
  return {
    file: toParquet(records, { messages: MESSAGES }),
    differing: asTexts.filter(({ sameApart }) => !sameApart).length,
  };
}
