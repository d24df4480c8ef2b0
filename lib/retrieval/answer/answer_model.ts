import type { ChatMessage } from "../../tokenizer/mod.ts";

/** What writes answers: the local engine, or an endpoint. */
export interface AnswerModel {
  /**
   * The assistant's next turn.
   *
   * @param options.maxNewTokens The reply's limit.
   * @param options.onText Called with each piece of the reply as it comes; together they are the reply.
   * @throws When the signal is aborted, or the model fails.
   */
  complete(
    messages: readonly ChatMessage[],
    options: { maxNewTokens: number; signal?: AbortSignal; onText?: (piece: string) => void },
  ): Promise<string>;
  /** Tokens of a text. Where a model cannot tell, a third of the text's bytes are taken for it. */
  countTokens?(text: string): number;
}
