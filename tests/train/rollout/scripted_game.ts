/** A game whose moves are given beforehand, and a small random model that writes the turns. */
import type { CausalLM } from "../../../lib/models/mod.ts";
import type { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { type Game, type NextMove, type PlayOptions, type Prompt } from "../../../lib/train/mod.ts";
import { smallModel } from "../../models/generate/models.ts";
import { withEngine } from "../../support/tiny_model.ts";
import { tinyTokenizer } from "../../tokenizer/tiny.ts";

/** What happens after each turn; after the last of them the episode ends. */
export interface Script {
  id: string;
  prompt: Prompt;
  moves: readonly NextMove[];
}

export const scriptedGame: Game<Script, { at: number }> = {
  begin: ({ prompt }) => ({ prompt, state: { at: 0 } }),
  act: (plays) => Promise.resolve(plays.map(({ task, state }): NextMove => task.moves[state.at++] ?? { kind: "end" })),
};

export const tokenizer: Tokenizer = tinyTokenizer();

/** Runs something with a model of the tiny tokenizer's vocabulary that has learned nothing, and options to play with it. */
export async function withWriter(
  run: (options: PlayOptions<Script> & { model: CausalLM; tokenizer: Tokenizer }) => Promise<void>,
): Promise<void> {
  await withEngine(async (engine) => {
    const { vocabSize, eosTokenIds } = tokenizer;
    const model = await smallModel(engine, { vocabSize, eosTokenIds: [...eosTokenIds] });
    try {
      await run({ model, tokenizer, maxTurnTokens: 12, maxTurns: 5, taskSeed: ({ id }) => id });
    } finally {
      await model.dispose();
    }
  });
}
