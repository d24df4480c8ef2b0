/** The rules of R3-RAG: analyse, search, read, and so on to the answer. */
import { parseR3Step, r3Prompt } from "../data/mod.ts";
import type { ChatMessage } from "../tokenizer/mod.ts";
import type { Game, NextMove, Play, PlayOptions, Turn } from "../train/mod.ts";
import { findForEach, isFailure } from "./find_for_each.ts";
import { neutralLine } from "./neutral_line.ts";
import { type PassageLimits, type PassageRetriever, resolveLimits, shownPassage } from "./passages.ts";
import { newR3State, type R3State, type R3StepRecord } from "./state.ts";

/** What the game asks of a task. */
export interface R3Task {
  question: string;
}

/** How the game is played. */
export interface R3GameOptions extends PassageLimits {
  retriever: PassageRetriever;
  /** Steps of an episode; the last one's query is still searched for, so that it can be judged. Default 5. */
  maxSteps?: number;
}

/**
 * The options of `playEpisodes` that belong to this game: five steps, a malformed one is written anew up to three times, and a model
 * that goes on to write documents by itself is stopped.
 */
export const R3_PLAY_OPTIONS = {
  maxTurns: 5,
  maxRegenerations: 3,
  maxTurnTokens: 256,
  stopStrings: ["\nThe retrieval documents:"],
} as const satisfies Partial<PlayOptions>;

/**
 * R3-RAG (Li et al. 2025, arXiv:2505.23794) as a game. Each step is written after the question and all earlier steps with
 * their documents. A step that is not in the grammar, has another number or was cut off is thrown away and written
 * anew; a query's new documents stand in the next prompt; an answer ends the episode. Searches of all episodes go
 * together; where one fails, that episode is left out and the others go on.
 *
 * Documents are quoted text: each is one line, and none can pose as a step or a turn.
 *
 * @throws {RangeError} when an option is out of range
 */
export function r3Game<Task extends R3Task>(options: R3GameOptions): Game<Task, R3State> {
  const { retriever, maxSteps = 5 } = options;
  const limits = resolveLimits(options);
  if (!Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new RangeError(`maxSteps: expected a whole number above 0, got ${maxSteps}`);
  }
  return {
    begin: ({ question }) => ({ prompt: stepPrompt(question, []), state: newR3State() }),
    async act(plays, signal) {
      const records = plays.map((play) => takeTurn(play));
      const asking = plays.flatMap((play, at) => {
        const record = records[at];
        return record !== null && "query" in record.step ? [{ play, at, query: record.step.query }] : [];
      });
      const requests = asking.map(({ play: { state }, query }) => ({
        query,
        limit: Math.min(limits.passagesPerStep, limits.maxPassages - state.passages.length),
        exclude: state.passages.map(({ id }) => id),
      }));
      const found = await findForEach(retriever, requests, signal);
      const moves: NextMove[] = plays.map((_, at) => records[at] === null ? { kind: "again" } : { kind: "end" });
      for (const [number, { play: { task, state }, at }] of asking.entries()) {
        const result = found[number];
        if (isFailure(result)) {
          moves[at] = { kind: "failed", message: result.failure };
          continue;
        }
        const documents = result.map((passage) => shownPassage(passage, limits.maxPassageCharacters));
        records[at]!.documents.push(...documents);
        state.passages.push(...documents);
        if (state.steps.length < maxSteps) {
          moves[at] = { kind: "prompt", prompt: stepPrompt(task.question, state.steps) };
        }
      }
      return moves;
    },
  };
}

/** Reads the last turn into the state; null where it is no step. */
function takeTurn({ state, turns }: Play<R3Task, R3State>): R3StepRecord | null {
  const turn = turns[turns.length - 1];
  const parsed = readTurn(turn, state.steps.length + 1);
  if ("problem" in parsed) {
    state.problem = parsed.problem;
    state.malformedTurns++;
    return null;
  }
  const record = { step: parsed.step, text: turn.text, documents: [] };
  state.problem = null;
  state.steps.push(record);
  if ("answer" in parsed.step) state.answer = parsed.step.answer;
  return record;
}

function readTurn({ text, finishReason }: Turn, number: number): ReturnType<typeof parseR3Step> {
  if (finishReason === "length") return { problem: "the step was cut off: it is longer than a turn may be" };
  const marker = /<\|\w+\|>/.exec(text);
  if (marker !== null) return { problem: `'${marker[0]}' stands within the step` };
  return parseR3Step(text, number);
}

/** The chat after which a step is written: the same in episodes and in rows to learn from. */
export function stepPrompt(
  question: string,
  steps: readonly Pick<R3StepRecord, "step" | "documents">[],
): ChatMessage[] {
  const past = steps.map(({ step, documents }) => {
    if (!("query" in step)) throw new Error(`step ${step.number} is an answer: expected a query before another step`);
    return { analysis: step.analysis, query: step.query, documents };
  });
  return r3Prompt(neutralLine(question), past);
}
