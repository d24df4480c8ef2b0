/** Rows in LLaMA-Factory's formats, for its template `empty`, which writes texts as they are. */
import type { Json } from "../mapping.ts";
import type { ExampleRow, PairRow } from "../read_run.ts";
import type { RowTexts } from "../texts.ts";

/** Rows with their entry in `dataset_info.json`. */
export interface LlamaFactoryData {
  rows: Record<string, Json>[];
  info: Record<string, Json>;
  format: string;
  /** Rows from which other tokens are read than the run was trained on. */
  differing: number;
}

/** Alpaca where each row is a prompt and a completion; ShareGPT where learned stretches come in turns. */
export function llamaFactoryExamples(rows: readonly ExampleRow[], texts: RowTexts, file: string): LlamaFactoryData {
  const asTexts = rows.map((row) => texts.row(row));
  const differing = asTexts.filter(({ sameApart }) => !sameApart).length;
  const isPair = asTexts.every(({ segments: [first], segments }) => segments.length === 2 && !first.trained);
  if (isPair) {
    return {
      rows: asTexts.map(({ segments: [prompt, completion] }) => ({
        instruction: prompt.text,
        input: "",
        output: completion.text,
      })),
      info: { file_name: file, columns: { prompt: "instruction", query: "input", response: "output" } },
      format: "alpaca",
      differing,
    };
  }
  return {
    rows: asTexts.map(({ segments }) => {
      const turns = segments[0].trained ? [{ text: "", trained: false }, ...segments] : segments;
      return { conversations: turns.map(({ text, trained }) => ({ from: trained ? "gpt" : "human", value: text })) };
    }),
    info: { file_name: file, formatting: "sharegpt", columns: { messages: "conversations" } },
    format: "sharegpt: what is learned is the assistant's, whatever is not is the user's",
    differing,
  };
}

/** Pairs, as alpaca with `chosen` and `rejected`. */
export function llamaFactoryPairs(rows: readonly PairRow[], texts: RowTexts, file: string): LlamaFactoryData {
  const asTexts = rows.map((row) => texts.pair(row));
  return {
    rows: asTexts.map(({ prompt, chosen, rejected }) => ({ instruction: prompt, input: "", chosen, rejected })),
    info: {
      file_name: file,
      ranking: true,
      columns: { prompt: "instruction", query: "input", chosen: "chosen", rejected: "rejected" },
    },
    format: "alpaca, ranking",
    differing: asTexts.filter(({ sameApart }) => !sameApart).length,
  };
}
