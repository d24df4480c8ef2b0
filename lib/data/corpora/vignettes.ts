/**
 * Medical vignettes for the pretraining of the house model: conditions of the known chapter, answered in three habits, so that
 * supervised training has something left to teach: the conditions of the new chapter, and not to guess.
 */
import { REASONING_PREFILL, taggedReply } from "../conversation.ts";
import {
  answerOf,
  type Condition,
  conditionsOf,
  toVignetteChat,
  type Vignette,
  vignetteAnswerIsRight,
  type VignetteCase,
  vignetteCaseAt,
  writeVignette,
} from "../medical/mod.ts";
import type { Random } from "../../random/mod.ts";
import type { Corpus, GeneratedExample, GradedCase } from "./corpus.ts";

/**
 * How a reply is written.
 * - reasoning: right reasoning and answer in the think/answer layout
 * - answerOnly: the right answer in that layout, with nothing but itself for reasoning
 * - slip: the findings are taken for another condition, so the answer is a wrong one of the same kind
 */
export type VignetteHabit = "reasoning" | "answerOnly" | "slip";

/** How often each habit is taken in the pretraining. */
export const VIGNETTE_HABITS: Readonly<Record<VignetteHabit, number>> = {
  reasoning: 0.55,
  answerOnly: 0.25,
  slip: 0.2,
};

/** Cases of the known chapter, left unfinished on purpose. */
export const vignettesCorpus: Corpus = vignettesOf("vignettes", "known", VIGNETTE_HABITS);

/** Cases of the new chapter with right replies: for evaluation, and never a part of the pretraining. */
export const newVignettesCorpus: Corpus = vignettesOf("vignettes_new", "new", { reasoning: 1, answerOnly: 0, slip: 0 });

function vignettesOf(
  name: string,
  chapters: Condition["chapter"],
  weights: Readonly<Record<VignetteHabit, number>>,
): Corpus {
  const habits = Object.keys(weights) as VignetteHabit[];
  const shares = habits.map((habit) => weights[habit]);
  return {
    name,
    exampleAt(index, options = {}): GeneratedExample {
      const { case: drawn, random } = vignetteCaseAt(index, { ...options, chapters });
      const habit = habits[random.weightedIndex(shares)];
      const vignette = writeVignette(drawn);
      const { prompt } = toVignetteChat(vignette);
      return {
        kind: habit,
        messages: [...prompt, { role: "assistant", content: replyOf(drawn, vignette, habit, random, chapters) }],
        cases: [gradedVignette(vignette)],
      };
    },
  };
}

function replyOf(
  drawn: VignetteCase,
  vignette: Vignette,
  habit: VignetteHabit,
  random: Random,
  chapters: Condition["chapter"],
): string {
  switch (habit) {
    case "reasoning":
      return taggedReply(vignette.Complex_CoT, vignette.Response);
    case "answerOnly":
      return taggedReply(vignette.Response, vignette.Response);
    case "slip": {
      const slip = writeVignette(drawn, mistakenFor(drawn, random, chapters));
      return taggedReply(slip.Complex_CoT, slip.Response);
    }
  }
}

/** Another condition of the chapter whose answer differs: half of the time one of the same system of the body. */
function mistakenFor({ condition, asks }: VignetteCase, random: Random, chapters: Condition["chapter"]): Condition {
  const answer = answerOf(condition, asks);
  const others = conditionsOf(chapters).filter((other) => answerOf(other, asks) !== answer);
  const near = others.filter((other) => other.system === condition.system);
  return random.pick(near.length > 0 && random.chance(0.5) ? near : others);
}

/** A vignette as a question to a model: is the answer right, and is the layout kept? */
export function gradedVignette(vignette: Vignette): GradedCase {
  const { prompt, prefill, completion } = toVignetteChat(vignette);
  return {
    messages: prompt,
    prefill,
    reference: completion,
    grade: (reply) => ({
      answer: Number(vignetteAnswerIsRight(vignette, reply)),
      format: Number(keepsLayout(reply)),
    }),
  };
}

const LAYOUT = /^[^<>]*[^<>\s]\n<\/think>\n<answer>\n[^<>\n]*[^<>\s]\n<\/answer>\s*$/;

/** Whether the rest of a turn that began with `<think>` has something in both pairs of tags and nothing else. */
function keepsLayout(reply: string): boolean {
  return LAYOUT.test(reply.startsWith(REASONING_PREFILL) ? reply.slice(REASONING_PREFILL.length) : reply);
}
