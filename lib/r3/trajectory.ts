/** Right ways through a question, and what is learned from them. */
import type { ChatMessage } from "../tokenizer/mod.ts";
import { parseR3Step, writeR3Step } from "../data/mod.ts";
import { stepPrompt } from "./game.ts";
import type { R3Question } from "./collection.ts";
import type { R3StepRecord } from "./state.ts";

/** A question with all steps to its answer, the last of which gives it. */
export interface Trajectory {
  question: Pick<R3Question, "id" | "question" | "answer">;
  steps: readonly Pick<R3StepRecord, "step" | "documents">[];
}

/** A row for `sft`: the chat before a step, and the step. */
export interface R3Row {
  prompt: ChatMessage[];
  completion: ChatMessage[];
}

/**
 * One row for each step: the question and all earlier steps with their documents are the prompt, as in episodes, and only the step is
 * learned.
 *
 * @throws When a step cannot be read back from its text; the message names the question.
 */
export function trajectoryRows({ question, steps }: Trajectory): R3Row[] {
  return steps.map(({ step }, at) => {
    const content = writeR3Step(step);
    const parsed = parseR3Step(content, at + 1);
    if ("problem" in parsed) throw new Error(`question ${question.id}, step ${at + 1}: ${parsed.problem}: ${content}`);
    return {
      prompt: stepPrompt(question.question, steps.slice(0, at)),
      completion: [{ role: "assistant", content }],
    };
  });
}

/** The rows of all trajectories, in their order. */
export function coldStartRows(trajectories: readonly Trajectory[]): R3Row[] {
  return trajectories.flatMap(trajectoryRows);
}
