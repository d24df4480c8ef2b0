/** The rules of an episode: what the policy reads first, and what happens after each of its turns. */
import type { ChatMessage } from "../../tokenizer/mod.ts";

/**
 * What a turn is to follow. A chat is rendered by the tokenizer's chat template, with the assistant's turn opened; a text is
 * taken as it is. What looks like a special token, in a text or in a message, is never one: `<|im_end|>` in a retrieved
 * document ends no turn (in a message it is broken up by a space, as `plainText` does).
 */
export type Prompt = string | readonly ChatMessage[];

/**
 * Text that the policy reads within a context. A plain part never holds special tokens, whatever is in it; in `control` they
 * are meant, such as `<|im_end|>\n<|im_start|>user\n`. Never put there what others wrote.
 */
export type AppendedText = string | readonly (string | { control: string })[];

/** What the policy wrote at a time. */
export interface Turn {
  /** As drawn: with the stop token, or the tokens of the stop string. */
  tokenIds: readonly number[];
  /**
   * Their text up to the stop token or stop string, without it. Other special tokens that the policy wrote are in it, so that
   * nothing of what it did is out of sight.
   */
  text: string;
  /** `"length"`: it was cut off at the limit. */
  finishReason: "stop" | "stopString" | "length";
  /** The stop string that ended it; null where none did. */
  stopString: string | null;
  /**
   * What its last token says after the stop string: mostly nothing. It was drawn, so it stays in the context, before the text
   * that is appended.
   */
  rest: string;
}

/** An episode as it is. */
export interface Play<Task, State> {
  readonly task: Task;
  /** Which of the task's episodes, from 0. */
  readonly sample: number;
  /** The game's own; it may change or replace it. */
  state: State;
  /** All turns so far. */
  readonly turns: readonly Turn[];
}

/** What happens after a turn. */
export type NextMove =
  /** The episode is over. */
  | { kind: "end" }
  /**
   * It goes on in the same context after this text, which nobody wrote: it is never in the loss. It is tokenized on its own,
   * each part too, and put after what was drawn. Where it begins with what the turn's `rest` says already, a line break
   * mostly, it is not said twice.
   */
  | { kind: "append"; text: AppendedText }
  /** The next turn reads this and nothing else: a new context. */
  | { kind: "prompt"; prompt: Prompt }
  /**
   * The turn is thrown away and written anew. Nothing is learned from it, so a policy is not taught to avoid such turns. After
   * `maxRegenerations`, or where the policy is greedy and would write the same again, it stays and the episode ends.
   */
  | { kind: "again" }
  /** Something failed that the policy is not to blame for, such as a search: the episode ends, and is not learned from. */
  | { kind: "failed"; message: string };

/**
 * Rules for episodes.
 *
 * @example A search within one context.
 * ```ts ignore
 * const game: Game<Question, null> = {
 *   begin: ({ question }) => ({ prompt: `Question: ${question}\n`, state: null }),
 *   async act(plays, signal) {
 *     const found = await search(plays.map(({ turns }) => turns.at(-1)!.text), signal);
 *     return plays.map(({ turns }, i) =>
 *       turns.at(-1)!.stopString === "</query>" ? { kind: "append", text: `\n${found[i]}\n` } : { kind: "end" }
 *     );
 *   },
 * };
 * const played = await playEpisodes(game, questions, { model, adapter, tokenizer, stopStrings: ["</query>"] });
 * ```
 */
export interface Game<Task, State> {
  /** Begins an episode: called once for each sample, so that no two share a state. */
  begin(task: Task): { prompt: Prompt; state: State };
  /**
   * Says what comes next, for all episodes that just had a turn, in one call, so that searches are batched. A turn that was
   * cut off is given like others.
   *
   * @returns One move for each play, in their order. Where something fails for one of them, `failed` leaves that one out; a
   *   rejection ends all of them.
   */
  act(plays: readonly Play<Task, State>[], signal?: AbortSignal): Promise<readonly NextMove[]>;
}
