/** Trajectories for HotpotQA's questions, from their supporting sentences: without a search and without a model. */
import { contentWords, parseR3Step, writeR3Step } from "../data/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { containsAnswer } from "../retrieval/evaluate/mod.ts";
import type { HotpotQuestion } from "./hotpot_collection.ts";
import { neutralLine } from "./neutral_line.ts";
import { cutAtWord, type FoundPassage, type PassageLimits, resolveLimits, shownPassage } from "./passages.ts";
import type { R3StepRecord } from "./state.ts";
import type { Trajectory } from "./trajectory.ts";

/** How trajectories are made. */
export interface HotpotTrajectoryOptions extends Pick<PassageLimits, "passagesPerStep" | "maxPassageCharacters"> {
  /** Of the distractors and their order. Default 0. */
  seed?: RandomSeed;
}

/** Longer statements stand in an analysis in part. */
const LONGEST_STATEMENT = 300;
/** Words beside a name in a query. */
const MOST_HINTS = 6;

/**
 * Makes a trajectory for each question where that can be done honestly: each supporting paragraph is asked for by its title, where
 * that was named before, or by words that were; it comes with a distractor of the row's context; and the answer stands in the
 * supporting sentences, or is yes or no.
 *
 * @returns The trajectories of the questions that have one, in their order.
 * @throws {RangeError} when a limit is out of range
 */
export function hotpotTrajectories(
  questions: readonly HotpotQuestion[],
  options: HotpotTrajectoryOptions = {},
): Trajectory[] {
  const limits = resolveLimits(options);
  const random = new Random(options.seed ?? 0).fork("hotpot trajectories");
  return questions.flatMap((question) => {
    const steps = stepsOf(question, limits, random.fork(question.id));
    return steps === null ? [] : [{ question, steps }];
  });
}

/** A supporting paragraph with what it says. */
interface Support {
  title: string;
  statement: string;
}

function stepsOf(
  question: HotpotQuestion,
  { passagesPerStep, maxPassageCharacters }: Required<PassageLimits>,
  random: Random,
): R3StepRecord[] | null {
  const { row, type } = question;
  const supports = inOrder(question);
  if (supports === null) return null;
  const needed = new Set(supports.map(({ title }) => title));
  const distractors = random.shuffle(row.context.filter(([title]) => !needed.has(title)));
  const steps: R3StepRecord[] = [];
  let known = neutralLine(row.question);
  let analysis = "";
  for (const { title, statement } of supports) {
    const asked = queryFor(title, statement, known, row.question);
    if (asked === null) return null;
    const titles = [title, ...distractors.splice(0, passagesPerStep - 1).map(([other]) => other)];
    const documents = random.shuffle(
      titles.map((name) => shownPassage(passageOf(question, name), maxPassageCharacters)),
    );
    // What is concluded has to stand in what is shown.
    if (!documents.some((document) => document.text.includes(statement))) return null;
    analysis = `${analysis}I need to find ${asked.need}.`;
    const number = steps.length + 1;
    steps.push({ step: { number, analysis, query: asked.query }, text: "", documents });
    known = `${known} ${statement}`;
    analysis = `The documents say: ${cutAtWord(statement, LONGEST_STATEMENT)} Next `;
  }
  const said = type === "bridge" ? supports.slice(-1) : supports;
  const final = `The documents say: ${
    said.map(({ statement }) => cutAtWord(statement, LONGEST_STATEMENT)).join(" ")
  } So I can answer.`;
  steps.push({
    step: { number: steps.length + 1, analysis: final, answer: neutralLine(row.answer) },
    text: "",
    documents: [],
  });
  const isRead = steps.every(({ step }) => "step" in parseR3Step(writeR3Step(step), step.number));
  return isRead ? steps : null;
}

/** The supporting paragraphs as one comes to them; null where they do not say the answer. */
function inOrder({ row, type, support }: HotpotQuestion): Support[] | null {
  const sentencesOf = new Map(row.context);
  const supports: Support[] = [];
  for (const title of support) {
    const numbers = row.supporting_facts.filter(([named]) => named === title).map(([, number]) => number);
    const sentences = numbers.map((number) => sentencesOf.get(title)?.[number]);
    // Some rows name a sentence that their paragraph does not have.
    if (sentences.includes(undefined)) return null;
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
    const whole = last - first + 1 === numbers.length;
    supports.push({ title, statement: neutralLine(whole ? sentences.join("") : sentences[sentences.length - 1]!) });
  }
  if (type === "yes_no") return supports;
  const says = ({ statement }: Support) => containsAnswer(statement, row.answer);
  if (!supports.some(says)) return null;
  if (type === "comparison") return supports;
  // The answer comes last; of two that say it, what the question names comes first.
  const place = (support: Support) => (says(support) ? 2 : 0) + (isNamed(support.title, row.question) ? 0 : 1);
  return supports.toSorted((one, other) => place(one) - place(other));
}

/** A query from what is known before, or null: a name that nobody said cannot be asked for. */
function queryFor(
  title: string,
  statement: string,
  known: string,
  question: string,
): { query: string; need: string } | null {
  const name = nameOf(title);
  const named = isNamed(title, known);
  const own = contentWords(name);
  const said = contentWords(`${statement} ${name}`);
  const hints = (text: string) => {
    const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}'’.-]*/gu) ?? [];
    const fitting = words.map((word) => word.replace(/[.'’-]+$/, "")).filter((word) => {
      const [stem] = contentWords(word);
      return stem !== undefined && said.has(stem) && !(named && own.has(stem));
    });
    return [...new Set(fitting)].slice(0, MOST_HINTS);
  };
  if (named) return { query: [name, ...hints(question)].join(" "), need: `what is known about ${name}` };
  const words = hints(known);
  if (words.length < 2) return null;
  return { query: words.join(" "), need: "out what this is about" };
}

/** A title without what tells it from others: "Lilu" of "Lilu (mythology)". */
function nameOf(title: string): string {
  return neutralLine(title.replace(/ \([^)]*\)$/, ""), { isLabel: true });
}

/** Whether a text has the name, as whole words. */
function isNamed(title: string, text: string): boolean {
  const [name, said] = [nameOf(title).toLowerCase(), text.toLowerCase()];
  const isWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
  for (let at = said.indexOf(name); at >= 0; at = said.indexOf(name, at + 1)) {
    if (!isWord(said[at - 1]) && !isWord(said[at + name.length])) return true;
  }
  return false;
}

function passageOf({ row }: HotpotQuestion, title: string): FoundPassage {
  const sentences = new Map(row.context).get(title)!;
  return { id: title, document: title, title, text: sentences.join("").trim(), score: 0 };
}
