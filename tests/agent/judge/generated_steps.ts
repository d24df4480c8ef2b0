/** Steps of right ways through generated questions, and what a poor model does instead. */
import {
  drawTrajectory,
  drawWorld,
  inventedName,
  type MultiHopQuestion,
  normalizeAnswer,
  type WorldDocument,
} from "../../../lib/data/mod.ts";
import type { StepToJudge } from "../../../lib/agent/judge/mod.ts";
import { Random } from "../../../lib/random/mod.ts";

export interface GeneratedStep {
  step: StepToJudge;
  /** Whether its query found what it asks for; searches miss sometimes. */
  found: boolean;
  question: MultiHopQuestion;
  world: readonly WorldDocument[];
}

/** All steps of some drawn questions. */
export function goodSteps(questions: number): GeneratedStep[] {
  const steps: GeneratedStep[] = [];
  for (let index = 0, asked = 0; asked < questions; index++) {
    const random = new Random(9).fork(index);
    const { documents: world, questionsBy } = drawWorld(random);
    const question = questionsBy(random);
    if (question === null) continue;
    asked++;
    const trajectory = drawTrajectory(random, world, question);
    const all = trajectory.at(-1)!.past;
    for (const [number, { past, step }] of trajectory.entries()) {
      const isQuery = "query" in step;
      steps.push({
        step: {
          question: question.question,
          earlier: past,
          analysis: step.analysis,
          query: isQuery ? step.query : null,
          answer: isQuery ? null : step.answer,
          documents: isQuery ? all[number].documents : [],
        },
        found: isQuery && trajectory[number + 1].kind !== "ask again",
        question,
        world,
      });
    }
  }
  return steps;
}

/** Asks once more what was asked last; null for a first step. */
export function repeated({ step }: GeneratedStep, documents?: StepToJudge["documents"]): StepToJudge | null {
  const last = step.earlier.at(-1);
  if (last === undefined) return null;
  const { analysis, query } = last;
  return { ...step, analysis, query, answer: null, documents: documents ?? last.documents };
}

const SURE = ["I think I know it.", "The answer should be clear.", "I can answer now.", "That is enough."];

/** Answers at once, and wrongly. */
export function guessed({ step, question }: GeneratedStep, random: Random): StepToJudge {
  const answer = wrongAnswer(step, question, random);
  return { ...step, analysis: random.pick(SURE), query: null, answer, documents: [] };
}

function wrongAnswer(step: StepToJudge, { type, answer, hops, question }: MultiHopQuestion, random: Random): string {
  if (type === "yes_no") return answer === "yes" ? "no" : "yes";
  if (type === "comparison") return hops.find(({ subject }) => subject !== answer)!.subject;
  const titles = step.earlier.flatMap(({ documents }) => documents.map(({ title }) => title));
  const wrong = [...hops.slice(0, -1).map((hop) => hop.answer), ...titles]
    .filter((title) => normalizeAnswer(title) !== normalizeAnswer(answer) && !question.includes(title));
  if (wrong.length > 0) return random.pick(wrong);
  return /\d/.test(answer) ? String(parseInt(answer) + random.integer(1, 90)) : inventedName(random, "town");
}

/** The same step over things that nobody has heard of. */
export function aboutNothing({ step, question }: GeneratedStep, random: Random): StepToJudge {
  const hop = question.hops.find(({ subject }) => step.query!.toLowerCase().includes(subject.toLowerCase()))!;
  const name = new RegExp(hop.subject, "gi");
  const other = inventedName(random, "town");
  return { ...step, analysis: step.analysis.replace(name, other), query: step.query!.replace(name, other) };
}
