/** Multi-hop questions about generated worlds as a game: each turn asks for documents or answers. */
import {
  type MultiHopQuestion,
  parseR3Step,
  type R3PastStep,
  r3Prompt,
  rankByOverlap,
  worldAt,
  type WorldDocument,
} from "../../lib/data/multi_hop/mod.ts";
import type { Game, NextMove } from "../../lib/train/mod.ts";

export interface WorldTask {
  question: MultiHopQuestion;
  documents: readonly WorldDocument[];
}

export interface SearchState {
  past: R3PastStep[];
  answer: string | null;
}

/** Held-out questions, one of each world. */
export function worldTasks(count: number, seed = 11): WorldTask[] {
  return Array.from({ length: count }, (_, index) => {
    const { documents, questions } = worldAt(index, { seed, split: "test", questions: 1 });
    return { question: questions[0], documents };
  });
}

/** Each search finds the two documents that fit best and were not shown yet; what is no step is written anew. */
export const searchingGame: Game<WorldTask, SearchState> = {
  begin: ({ question }) => ({ prompt: r3Prompt(question.question, []), state: { past: [], answer: null } }),
  act: (plays) =>
    Promise.resolve(plays.map(({ task, state, turns }): NextMove => {
      const parsed = parseR3Step(turns[turns.length - 1].text, turns.length);
      if ("problem" in parsed) return { kind: "again" };
      const { step } = parsed;
      if ("answer" in step) {
        state.answer = step.answer;
        return { kind: "end" };
      }
      const shown = new Set(state.past.flatMap(({ documents }) => documents.map(({ title }) => title)));
      const documents = rankByOverlap(step.query, task.documents).filter(({ title }) => !shown.has(title)).slice(0, 2);
      state.past.push({ analysis: step.analysis, query: step.query, documents });
      return { kind: "prompt", prompt: r3Prompt(task.question.question, state.past) };
    })),
};
