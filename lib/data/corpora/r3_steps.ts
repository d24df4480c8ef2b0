/**
 * Step-by-step retrieval in R3-RAG's grammar, over small generated worlds: one assistant's turn is one step. A part of
 * the texts to learn from shows poor habits on purpose: answers guessed too early and queries repeated. Better decisions are
 * for reinforcement learning to teach; the cases always ask for right ones.
 */
import type { Random } from "../../random/mod.ts";
import {
  drawTrajectory,
  drawWorld,
  exactMatch,
  inventedName,
  isRightQuery,
  type MultiHopQuestion,
  normalizeAnswer,
  parseR3Step,
  R3_PROMPT,
  r3Prompt,
  type R3Step,
  type TrajectoryStep,
  type WorldDocument,
  writeR3Documents,
  writeR3Step,
} from "../multi_hop/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  type Corpus,
  type CorpusOptions,
  drawInSplit,
  type Drawn,
  type GeneratedExample,
  type GradedCase,
} from "./corpus.ts";

export { parseR3Step, R3_PROMPT, r3Prompt } from "../multi_hop/mod.ts";

/** How many of the training texts end in a poor habit. */
const POOR_SHARE = 0.3;
const LONGEST = 1500;

/** Steps of retrieval reasoning: `format`, `decision`, and `right_query` or `right_answer`. */
export const r3StepsCorpus: Corpus = {
  name: "r3_steps",
  exampleAt: (index: number, options: CorpusOptions = {}): GeneratedExample =>
    drawInSplit("r3_steps", index, options, (random) => draw(random, options.split !== "test")),
};

/** Instances are whole questions: where they start and which relations they follow. */
function draw(random: Random, mayBePoor: boolean): Drawn<GeneratedExample> {
  for (;;) {
    const { documents, questionsBy } = drawWorld(random);
    const question = questionsBy(random);
    if (question === null) continue;
    const steps = drawTrajectory(random, documents, question);
    const isPoor = mayBePoor && random.chance(POOR_SHARE);
    const value = random.chance(0.4)
      ? wholeChat(random, documents, question, steps, isPoor)
      : oneStep(random, documents, question, random.pick(steps), isPoor);
    const length = value.messages.reduce((sum, { content }) => sum + String(content).length, 0);
    if (length <= LONGEST) return { instance: question.instance, value };
  }
}

/** The form at use: the question with all earlier steps in one message. */
function oneStep(
  random: Random,
  documents: readonly WorldDocument[],
  question: MultiHopQuestion,
  trajectory: TrajectoryStep,
  isPoor: boolean,
): GeneratedExample {
  const step = isPoor ? poorStep(random, question, trajectory) : trajectory.step;
  return {
    kind: isPoor ? `${trajectory.kind}, poor` : trajectory.kind,
    messages: [...r3Prompt(question.question, trajectory.past), { role: "assistant", content: writeR3Step(step) }],
    cases: [caseOf(documents, question, trajectory)],
  };
}

/** All steps in one chat, where the documents come as the user's turns: more to learn from the same text. */
function wholeChat(
  random: Random,
  documents: readonly WorldDocument[],
  question: MultiHopQuestion,
  steps: readonly TrajectoryStep[],
  isPoor: boolean,
): GeneratedExample {
  const last = isPoor ? random.integer(0, steps.length - 1) : steps.length - 1;
  const messages: ChatMessage[] = [
    { role: "system", content: R3_PROMPT },
    { role: "user", content: `The question: ${question.question}` },
  ];
  for (const trajectory of steps.slice(0, last + 1)) {
    const before = trajectory.past.at(-1);
    if (before !== undefined) messages.push({ role: "user", content: writeR3Documents(before.documents) });
    const step = isPoor && trajectory === steps[last] ? poorStep(random, question, trajectory) : trajectory.step;
    messages.push({ role: "assistant", content: writeR3Step(step) });
  }
  return {
    kind: isPoor ? "whole chat, poor" : "whole chat",
    messages,
    cases: [caseOf(documents, question, random.pick(steps))],
  };
}

function caseOf(
  documents: readonly WorldDocument[],
  question: MultiHopQuestion,
  { past, step, openHops }: TrajectoryStep,
): GradedCase {
  const asked = new Set(past.map(({ query }) => normalizeAnswer(query)));
  return {
    messages: r3Prompt(question.question, past),
    reference: writeR3Step(step),
    grade(reply): Record<string, number> {
      const parsed = parseR3Step(reply, step.number);
      if ("problem" in parsed) {
        return { format: 0, decision: 0, [openHops.length > 0 ? "right_query" : "right_answer"]: 0 };
      }
      const given = parsed.step;
      if (openHops.length === 0) {
        if ("query" in given) return { format: 1, decision: 0, right_answer: 0 };
        return { format: 1, decision: 1, right_answer: exactMatch(given.answer, question.answer) };
      }
      if ("answer" in given) return { format: 1, decision: 0, right_query: 0 };
      const isRight = !asked.has(normalizeAnswer(given.query)) &&
        openHops.some((hop) => isRightQuery(given.query, hop, documents));
      return { format: 1, decision: 1, right_query: isRight ? 1 : 0 };
    },
  };
}

const SURE = ["I think I know it.", "The answer should be clear.", "I can answer now.", "That is enough."];

/** What a poor model does instead: it guesses, or asks once more what it has asked. */
function poorStep(random: Random, question: MultiHopQuestion, { past, step }: TrajectoryStep): R3Step {
  const before = past.at(-1);
  if (before !== undefined && random.chance(0.5)) {
    return { number: step.number, analysis: before.analysis, query: before.query };
  }
  return { number: step.number, analysis: random.pick(SURE), answer: wrongAnswer(random, question, past) };
}

function wrongAnswer(
  random: Random,
  { question, type, answer, hops }: MultiHopQuestion,
  past: TrajectoryStep["past"],
): string {
  if (type === "yes_no") return answer === "yes" ? "no" : "yes";
  if (type === "comparison") return hops.find(({ subject }) => subject !== answer)!.subject;
  const titles = past.flatMap(({ documents }) => documents.map(({ title }) => title));
  const wrong = [...hops.slice(0, -1).map((hop) => hop.answer), ...titles]
    .filter((title) => normalizeAnswer(title) !== normalizeAnswer(answer) && !question.includes(title));
  if (wrong.length > 0) return random.pick(wrong);
  return /\d/.test(answer) ? String(Number.parseInt(answer) + random.integer(1, 90)) : inventedName(random, "town");
}
