/** Answers written by a model of ours. */
import { type AdapterWeights, type CausalLM, Decoder, type GenerateOptions, streamGenerate } from "../../models/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import type { AnswerModel } from "./answer_model.ts";

/** Which model, and how it draws; names as in `generate`. */
export interface LocalAnswerModelOptions extends Pick<GenerateOptions, "topK" | "topP" | "minP" | "seed"> {
  model: CausalLM;
  /** Its chat template makes the prompt. */
  tokenizer: Tokenizer;
  /** Default: none. */
  adapter?: AdapterWeights | null;
  /** Default 0: the likeliest token each time. */
  temperature?: number;
}

/** An answer model with its compiled programs; dispose it when done. */
export interface LocalAnswerModel extends AnswerModel {
  countTokens(text: string): number;
  dispose(): Promise<void>;
}

/**
 * A local language model as an answer model. Its programs are compiled at the first answer and kept; the model itself
 * stays the caller's.
 */
export function localAnswerModel(options: LocalAnswerModelOptions): LocalAnswerModel {
  const { model, tokenizer, adapter = null, temperature = 0, ...sampling } = options;
  let decoder: Decoder | undefined;
  return {
    async complete(messages, { maxNewTokens, signal, onText }) {
      signal?.throwIfAborted();
      decoder ??= new Decoder(model, { adapter });
      const prompt = tokenizer.encode(tokenizer.applyChatTemplate(messages, { addGenerationPrompt: true }));
      let shown = 0;
      let text = "";
      const events = streamGenerate(model, {
        ...sampling,
        prompts: [prompt],
        maxNewTokens,
        temperature,
        adapter,
        decoder,
        tokenizer,
        signal,
      });
      for await (const event of events) {
        if (event.kind === "completion") {
          text = event.completion.text ?? "";
        } else if (event.textDelta !== "") {
          shown += event.textDelta.length;
          onText?.(event.textDelta);
        }
      }
      signal?.throwIfAborted();
      // What was held back at the end, such as an unfinished character.
      if (shown < text.length) onText?.(text.slice(shown));
      return text;
    },
    countTokens: (text) => tokenizer.encode(text).length,
    async dispose() {
      await decoder?.dispose();
      decoder = undefined;
    },
  };
}
