/** From episodes to steps that rewards can be given for. */
import {
  type AnswerJudge,
  isJudgeFailure,
  type StepJudge,
  type StepJudgement,
  type StepToJudge,
} from "../agent/judge/mod.ts";
import type { PlayedEpisode } from "../train/mod.ts";
import type { R3Question } from "./collection.ts";
import type { RewardedStep, StepQuality } from "./rewards.ts";
import type { R3State } from "./state.ts";

/** Who judges. Null: nobody is asked, for a reward that does not need it. */
export interface R3Judges {
  stepJudge: StepJudge | null;
  answerJudge: AnswerJudge | null;
}

/** What `judgeEpisodes` needs of an episode. */
export type JudgedEpisode = Pick<PlayedEpisode<Pick<R3Question, "question" | "answer">, R3State>, "task" | "state">;

/**
 * Has all queries and all answers judged, in one call each. What a judge fails on stays null, and its chain has no reward.
 *
 * @returns The steps of each episode, a malformed last turn included.
 * @throws The signal's reason when it is aborted.
 */
export async function judgeEpisodes(
  episodes: readonly JudgedEpisode[],
  { stepJudge, answerJudge }: R3Judges,
  signal?: AbortSignal,
): Promise<RewardedStep[][]> {
  const queries = episodes.flatMap((episode) => queriesOf(episode));
  const answers = episodes.flatMap(({ task: { question, answer: reference }, state: { answer } }) =>
    answer === null ? [] : [{ question, answer, reference }]
  );
  const [qualities, verdicts] = await Promise.all([
    stepJudge && queries.length > 0 ? stepJudge.judgeSteps(queries, { signal }) : queries.map(() => null),
    answerJudge && answers.length > 0 ? answerJudge.judgeAnswers(answers, { signal }) : answers.map(() => null),
  ]);
  let [query, answer] = [0, 0];
  return episodes.map(({ state: { steps, problem } }) => {
    const rewarded = steps.map(({ step, documents }): RewardedStep => {
      if ("query" in step) {
        const quality = qualities[query++];
        const isJudged = quality !== null && !isJudgeFailure(quality);
        return { kind: "query", quality: isJudged ? qualityOf(quality) : null, hasDocuments: documents.length > 0 };
      }
      const verdict = verdicts[answer++];
      return { kind: "answer", isRight: verdict !== null && !isJudgeFailure(verdict) ? verdict.isRight : null };
    });
    return problem === null ? rewarded : [...rewarded, { kind: "malformed" }];
  });
}

/** Without the judge's words. */
function qualityOf({ coherence, rationality, relevance }: StepJudgement): StepQuality {
  return { coherence, rationality, relevance };
}

function queriesOf({ task: { question }, state: { steps } }: JudgedEpisode): StepToJudge[] {
  return steps.flatMap(({ step, documents }, at) => {
    if (!("query" in step)) return [];
    const earlier = steps.slice(0, at).flatMap(({ step, documents }) =>
      "query" in step ? [{ analysis: step.analysis, query: step.query, documents }] : []
    );
    return [{ question, earlier, analysis: step.analysis, query: step.query, answer: null, documents }];
  });
}
