/** A conversation kept short enough for its model: the newest turns as they are, a summary in place of older ones. */
import type { WordWeights } from "../../retrieval/search/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { trimHistory } from "../loop/mod.ts";
import { modelMessages, type Turn, turnsOf } from "./conversation.ts";
import { extractSummary } from "./extract_summary.ts";
import { modelSummary } from "./model_summary.ts";
import type { Session } from "./session.ts";
import { type Summary, summaryText } from "./summary.ts";

/** What has to fit, and where. */
export interface FitOptions {
  session: Pick<Session, "messages" | "summary">;
  /** Counts the tokens. */
  model: Pick<ChatModel, "countTokens">;
  /** Tokens that the messages may have, the system message with the summary included. */
  maxTokens: number;
  /** The system message, after which the summary stands. Default: none. */
  system?: string;
  /** Tokens of the summary at most. Default: a quarter of `maxTokens`. */
  summaryTokens?: number;
  /** Writes summaries in its own words; the house model cannot. Default: none, and the patient's sentences are chosen. */
  summarizer?: ChatModel;
  /** Tokens that the summariser reads at once. Default: `maxTokens`, and at least 4000. */
  summarizerTokens?: number;
  /** What words weigh when sentences are chosen. Default: by how rare they are in the conversation. */
  weights?: WordWeights;
  signal?: AbortSignal;
}

/** A conversation that fits. */
export interface FittedConversation {
  /** For the model: the system message with the summary, where there is either, and the newest turns. */
  messages: ChatMessage[];
  /** To be kept in the session. */
  summary: Summary | null;
  /** Why the summary is made of chosen sentences though there is a summariser. */
  failure?: string;
}

/** When turns have to go, so many go that this share of the room is taken: the next turns fit without a new summary. */
const FILL = 0.75;

/**
 * Makes the messages for a model. As long as all turns that the session's summary does not stand for fit beside it, the summary
 * stays as it is. Else it takes in the oldest of them. Turns are taken whole, so that no call is parted from its result; of the
 * newest turn, when it is too long by itself, the oldest calls are left out, each with its results.
 *
 * @throws {RangeError} When even the system message with the last message of the person does not fit; and the signal's
 *   reason when it is aborted.
 */
export async function fitConversation(options: FitOptions): Promise<FittedConversation> {
  const { session, model, maxTokens, system = "", signal } = options;
  signal?.throwIfAborted();
  const { summaryTokens = Math.floor(maxTokens / 4) } = options;
  const turns = turnsOf(session.messages);
  const promptOf = (summary: string, kept: readonly Turn[]): ChatMessage[] => {
    const content = [system, summary].filter((part) => part !== "").join("\n\n");
    const own = modelMessages(kept.flatMap(({ messages }) => messages));
    return content === "" ? own : [{ role: "system", content }, ...own];
  };
  const countTokens = (messages: readonly ChatMessage[]) => messages.length === 0 ? 0 : model.countTokens(messages);
  const tokensOf = (summary: string, kept: readonly Turn[]) => countTokens(promptOf(summary, kept));
  const whole = (summary: Summary | null, kept: readonly Turn[]) => ({
    messages: promptOf(summaryText(summary), kept),
    summary,
  });

  const covered = session.summary?.turns.to ?? 0;
  const open = turns.filter(({ turn }) => turn > covered);
  if (tokensOf(summaryText(session.summary), open) <= maxTokens) return whole(session.summary, open);

  const last = turns.slice(-1);
  let kept = open.length === 0 ? last : open;
  const room = Math.max(0, maxTokens - summaryTokens) * FILL;
  while (kept.length > 1 && tokensOf("", kept) > room) kept = kept.slice(1);
  const older = turns.filter(({ turn }) => turn < kept[0].turn);
  const withoutSummary = tokensOf("", kept);
  const fits = (summary: Summary) => {
    const tokens = tokensOf(summaryText(summary), kept);
    return tokens <= maxTokens && tokens - withoutSummary <= summaryTokens;
  };
  const { shown, ...made } = await newSummary(older, options, fits, summaryTokens);
  const { messages } = trimHistory(promptOf(summaryText(shown), kept), { maxTokens, countTokens });
  return { ...made, messages };
}

interface NewSummary extends Omit<FittedConversation, "messages"> {
  /** What the prompt has room for now. */
  shown: Summary | null;
}

/** A summary of the turns, from the session's as far as that is the person's or a model's. */
async function newSummary(
  older: readonly Turn[],
  options: FitOptions,
  fits: (summary: Summary) => boolean,
  maxTokens: number,
): Promise<NewSummary> {
  const {
    session: { summary: held },
    summarizer,
    summarizerTokens = Math.max(options.maxTokens, 4000),
    weights,
    signal,
  } = options;
  const covered = held?.turns.to ?? 0;
  const fresh = older.filter(({ turn }) => turn > covered);
  if (fresh.length === 0) return { summary: held, shown: shortened(held, fits) };
  const { turn: to } = fresh[fresh.length - 1];
  // After a deletion nothing of those turns is taken up again.
  const isDeleted = held !== null && held.kind === "edited" && held.text === "";
  const from = isDeleted ? covered + 1 : held?.turns.from ?? 1;
  const before = isDeleted ? null : held;
  let failure: string | undefined;
  if (summarizer) {
    const asModel = (text: string): Summary => ({ text, turns: { from, to }, kind: "model" });
    const made = await modelSummary({
      summarizer,
      turns: fresh,
      before,
      maxTokens,
      promptTokens: summarizerTokens,
      fits: (text) => fits(asModel(text)),
      signal,
    });
    if ("text" in made) return { summary: asModel(made.text), shown: asModel(made.text) };
    failure = made.failure;
  }
  const kind = before?.kind === "edited" ? "edited" : "extractive";
  // Chosen sentences are chosen anew from all that was said; other words are not said again.
  const isChosen = before === null || before.kind === "extractive";
  const text = extractSummary({
    turns: isChosen ? older.filter(({ turn }) => turn >= from) : fresh,
    before: isChosen ? null : before,
    fits: (text) => fits({ text, turns: { from, to }, kind }),
    weights,
  });
  const summary: Summary = { text, turns: { from, to }, kind };
  return { summary, shown: summary, ...(failure === undefined ? {} : { failure }) };
}

/** As much of a summary as the prompt has room for. */
function shortened(summary: Summary | null, fits: (summary: Summary) => boolean): Summary | null {
  if (summary === null || fits(summary)) return summary;
  return {
    ...summary,
    text: extractSummary({ turns: [], before: summary, fits: (text) => fits({ ...summary, text }) }),
  };
}
