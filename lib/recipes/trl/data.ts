/** Rows in TRL's formats. Texts where TRL reads the very tokens from them that the run was trained on; else the tokens. */
import type { ExampleRow, PairRow, RecordedPromptRow } from "../read_run.ts";
import type { RowTexts } from "../texts.ts";
import { type AddedField, type Json, RecipeError } from "../mapping.ts";

/** Rows, what they are, and the fields that say so. */
export interface TrlData {
  rows: Record<string, Json>[];
  format: string;
  added: AddedField[];
}

/** SFT's rows: `text`, `prompt` and `completion`, or `input_ids` with `completion_mask`. */
export function trlExamples(rows: readonly ExampleRow[], texts: RowTexts): TrlData {
  const asTexts = rows.map((row) => texts.row(row));
  const readsTexts = asTexts.every(({ sameTogether }) => sameTogether);
  const wholly = asTexts.every(({ segments }) => segments.length === 1);
  const completionOnly = (value: boolean): AddedField => ({
    field: "completion_only_loss",
    value,
    why: value ? "prompts are not learned" : "all tokens are learned",
  });
  if (readsTexts && wholly) {
    return {
      rows: asTexts.map(({ segments: [{ text }] }) => ({ text: texts.withoutBefore(text) })),
      format: "texts",
      added: [completionOnly(false)],
    };
  }
  if (readsTexts && asTexts.every(({ segments }) => segments.length === 2)) {
    return {
      rows: asTexts.map(({ segments: [prompt, completion] }) => ({
        prompt: texts.withoutBefore(prompt.text),
        completion: completion.text,
      })),
      format: "prompts and completions as texts",
      added: [completionOnly(true)],
    };
  }
  const mask = ({ ids, trained }: ExampleRow) =>
    ids.map((_, token) => trained.some(([from, to]) => token >= from && token < to) ? 1 : 0);
  return {
    rows: rows.map((row) => ({ input_ids: row.ids, completion_mask: mask(row) })),
    format: "tokens: TRL would read other ones from the texts",
    added: [completionOnly(true)],
  };
}

/** DPO's rows: `prompt`, `chosen`, `rejected`, or their tokens. */
export function trlPairs(rows: readonly PairRow[], texts: RowTexts): TrlData {
  const asTexts = rows.map((row) => texts.pair(row));
  if (asTexts.every(({ sameTogether }) => sameTogether)) {
    return {
      rows: asTexts.map(({ prompt, chosen, rejected }) => ({ prompt: texts.withoutBefore(prompt), chosen, rejected })),
      format: "prompts with two completions as texts",
      added: [],
    };
  }
  return {
    rows: rows.map(({ promptIds, chosenIds, rejectedIds }) => ({
      prompt_ids: promptIds,
      chosen_ids: chosenIds,
      rejected_ids: rejectedIds,
    })),
    format: "tokens: TRL would read other ones from the texts",
    added: [],
  };
}

/** GRPO's rows: `prompt` and the columns that rewards read. */
export function trlPrompts(rows: readonly RecordedPromptRow[], texts: RowTexts): TrlData {
  return {
    rows: rows.map((row, index) => {
      if ("prompt" in row.columns) throw new RecipeError(`row ${index} has two columns called prompt`);
      return { prompt: texts.prompt(row).text, ...row.columns };
    }),
    format: "prompts as texts, with the columns that rewards read",
    added: [],
  };
}
