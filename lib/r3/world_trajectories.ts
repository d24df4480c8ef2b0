/** Right trajectories for generated questions, through a real search. */
import { drawTrajectory, type Hop, sentenceCase } from "../data/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { findForEach, isFailure } from "./find_for_each.ts";
import { type PassageLimits, type PassageRetriever, resolveLimits, shownPassage } from "./passages.ts";
import { newR3State, type R3State } from "./state.ts";
import type { Trajectory } from "./trajectory.ts";
import type { WorldQuestion } from "./world_collection.ts";

/** How trajectories are made. */
export interface WorldTrajectoryOptions extends PassageLimits {
  retriever: PassageRetriever;
  /** Of the wording. Default 0. */
  seed?: RandomSeed;
  /** Steps of a trajectory, the answer included; longer ones are left out. Default 5. */
  maxSteps?: number;
  signal?: AbortSignal;
}

/** What came of the questions. */
export interface WorldTrajectories {
  trajectories: Trajectory[];
  /** Questions without a trajectory: no query found a supporting document, it took too many steps, or a search failed. */
  leftOut: { notFound: number; tooLong: number; failed: number };
}

/**
 * Walks right ways: for each hop a right query, whose documents are what the retriever really finds; where the supporting document
 * is not among them, the query in other words; no query for what was found by chance before. Kept is what has every
 * supporting document before the answer is given.
 *
 * @throws {RangeError} when an option is out of range; the signal's reason, when aborted
 */
export async function worldTrajectories(
  questions: readonly WorldQuestion[],
  options: WorldTrajectoryOptions,
): Promise<WorldTrajectories> {
  const { retriever, seed = 0, maxSteps = 5, signal } = options;
  const limits = resolveLimits(options);
  const random = new Random(seed).fork("trajectories");
  const walks = questions.map((question) => new Walk(question, random.fork(question.id)));
  const made: WorldTrajectories = { trajectories: [], leftOut: { notFound: 0, tooLong: 0, failed: 0 } };
  for (let walking = walks; walking.length > 0;) {
    const asking: { walk: Walk; query: string }[] = [];
    for (const walk of walking) {
      const next = walk.next();
      if (next === "notFound" || walk.state.steps.length > maxSteps) {
        made.leftOut[next === "notFound" ? next : "tooLong"]++;
      } else if (next === "answered") made.trajectories.push({ question: walk.question, steps: walk.state.steps });
      else asking.push({ walk, query: next.query });
    }
    const requests = asking.map(({ walk: { state: { passages } }, query }) => ({
      query,
      limit: Math.min(limits.passagesPerStep, limits.maxPassages - passages.length),
      exclude: passages.map(({ id }) => id),
    }));
    const found = await findForEach(retriever, requests, signal);
    walking = asking.flatMap(({ walk }, at) => {
      const passages = found[at];
      if (isFailure(passages)) {
        made.leftOut.failed++;
        return [];
      }
      walk.read(passages.map((passage) => shownPassage(passage, limits.maxPassageCharacters)));
      return [walk];
    });
  }
  // In the order of the questions, however many steps they took.
  const places = new Map(questions.map(({ id }, at) => [id, at]));
  made.trajectories.sort((one, other) => places.get(one.question.id)! - places.get(other.question.id)!);
  return made;
}

/** One question on its way. */
class Walk {
  readonly state: R3State = newR3State();
  readonly #wording: Wording;
  #hop = 0;
  /** Queries that were tried for the hop. */
  #tries = 0;

  constructor(readonly question: WorldQuestion, random: Random) {
    this.#wording = wordingOf(question, random);
  }

  /** Writes the next step: a query to search for, or the answer. */
  next(): { query: string } | "answered" | "notFound" {
    const { generated: { hops, answer } } = this.question;
    const { steps, passages } = this.state;
    const number = steps.length + 1;
    const isFound = ({ documentId }: Hop) => passages.some(({ document }) => document === documentId);
    while (this.#hop < hops.length && isFound(hops[this.#hop])) {
      this.#hop++;
      this.#tries = 0;
    }
    if (this.#hop === hops.length) {
      steps.push({ step: { number, analysis: this.#wording.final, answer }, text: "", documents: [] });
      return "answered";
    }
    const { queries } = hops[this.#hop];
    if (this.#tries === queries.length) return "notFound";
    const query = sentenceCase(queries[this.#tries]);
    const analysis = this.#wording[this.#tries === 0 ? "ask" : "askAgain"][this.#hop];
    this.#tries++;
    steps.push({ step: { number, analysis, query }, text: "", documents: [] });
    return { query };
  }

  /** Takes what the last query found. */
  read(documents: R3State["passages"]): void {
    this.state.steps[this.state.steps.length - 1].documents.push(...documents);
    this.state.passages.push(...documents);
  }
}

/** The analyses of a question's steps, by hop. */
interface Wording {
  ask: string[];
  askAgain: string[];
  final: string;
}

/** Draws trajectories until each hop was asked about twice in one of them: their analyses are the wording of ours. */
function wordingOf({ generated, world }: WorldQuestion, random: Random): Wording {
  const { hops } = generated;
  const ask: string[] = [];
  const askAgain: string[] = [];
  let final = "";
  while (final === "" || hops.some((_, hop) => ask[hop] === undefined || askAgain[hop] === undefined)) {
    for (const { kind, step, openHops } of drawTrajectory(random, world, generated)) {
      if (kind === "final answer") final ||= step.analysis;
      else (kind === "ask again" ? askAgain : ask)[hops.indexOf(openHops[0])] ??= step.analysis;
    }
  }
  return { ask, askAgain, final };
}
