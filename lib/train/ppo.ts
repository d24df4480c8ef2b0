/**
 * Proximal Policy Optimization (Schulman et al. 2017, arXiv:1707.06347; for language models Ziegler et al. 2019,
 * arXiv:1909.08593), with the options, defaults and metrics of TRL 0.11.4, whose successors have none: the policy plays a
 * round of episodes, a critic says what each state was worth, and what did better than that becomes more likely, in small
 * steps and not far from the reference.
 */
import { chooseKeptLayers, type LargestBatch } from "./kept_layers.ts";
import { createReference } from "./dpo_reference.ts";
import { AdamW } from "./optimizer.ts";
import { PpoActor } from "./ppo_actor.ts";
import { type PpoState, readPpoState, restoreCritic, saveCriticInto, stateFiles } from "./ppo_checkpoint.ts";
import { PpoCritic } from "./ppo_critic.ts";
import { checkEpisodes, type Episode, judged } from "./ppo_episode.ts";
import { nextKlCoef } from "./ppo_kl.ts";
import { ppoFingerprint, type PpoOptions, type ResolvedPpoOptions, resolvePpoOptions } from "./ppo_options.ts";
import { lessonsOfUpdate, type PpoRound, scoreRound } from "./ppo_round.ts";
import { learn } from "./ppo_update.ts";
import { learningRateAt } from "./schedule.ts";
import { TrainingSession } from "./session.ts";
import type { CheckpointOptions, Metrics, TrainingStep } from "./step.ts";

export type { EpisodeSource, PpoOptions } from "./ppo_options.ts";

/** An update of PPO: its metrics, and the episodes of its round. */
export interface PpoStep<E extends Episode = Episode> extends TrainingStep {
  /** From 0. */
  round: number;
  episodes: readonly E[];
}

/**
 * Trains, and yields each update's metrics under TRL's names. Of the update: `loss` (policy + vfCoef * value),
 * `loss/policy_avg`, `loss/value_avg`, `policy/approxkl_avg`, `policy/clipfrac_avg`, `policy/entropy_avg`, `val/ratio`,
 * `val/clipfrac_avg`, `grad_norm` of the policy, `val/grad_norm` of the critic, `learning_rate`, `num_tokens`,
 * `step_time`; TRL logs their means over all updates of a round. Of the round: `objective/kl` and the others that
 * `roundTargets` names, `episode` (so far), `episodes/left_out`, and the means of the episodes' own metrics.
 *
 * The learning rates follow the schedule from update to update (TRL's from round to round).
 *
 * The first update of a round has ratios of 1 and whitened advantages, so its `loss/policy_avg` is about 0 whatever is
 * learned: watch `objective/scores`.
 *
 * A run that is resumed in the middle of a round goes on with its episodes, and asks for the next ones by their number.
 *
 * Checkpoints hold the critic with its optimizer in a folder `critic`, which `loadCritic` reads. `loadBestModelAtEnd`
 * brings the best policy back, not the critic of that time.
 *
 * @example
 * ```ts ignore
 * const adapter = await createLora(model, random);
 * const critic = await createCritic(model, random);
 * const { sample: sampler } = localSampler({ model, adapter, maxCompletionLength: 64 });
 * const rollout = completionEpisodes({ trainDataset, tokenizer, sampler, rewards, promptsPerRound: 32 });
 * for await (const { step, metrics } of ppo({ model, adapter, critic, rollout, numTotalBatches: 50, learningRate: 3e-5 })) {
 *   console.log(step, metrics["objective/scores"], metrics["objective/kl"]);
 * }
 * ```
 * @throws When an option is out of range; when a round has too few episodes, or one that cannot be learned from (round and
 *   index are named).
 * @throws {DivergenceError} When loss or gradient are not finite: the weights are then those of the step before.
 */
export async function* ppo<E extends Episode>(options: PpoOptions<E>): AsyncGenerator<PpoStep<E>> {
  const { model, adapter, evaluate, baseModel = "", processingClass } = options;
  const resolved = resolvePpoOptions(options);
  const { updatesPerRound, totalSteps, learningRate, criticLearningRate } = resolved;
  const actor = new PpoActor(model, adapter, resolved.temperature);
  const critic = new PpoCritic(model, options.critic);
  const optimizer = new AdamW(model.engine, options.critic.factors, options);
  const trained = { model, critic: options.critic, optimizer };
  // Before a checkpoint is restored: the reference is the policy as it was given.
  const reference = await createReference({ model, adapter });
  // Times 0 the adapter changes nothing; without one the blocks would be another program, which holds memory of its own.
  const adapterOff = { ...adapter, scaling: 0 };
  const scorers = { actor, critic, reference: { model, adapter: reference.adapter ?? adapterOff } };
  let session: TrainingSession | undefined;
  let state: PpoState<E> = { klCoef: resolved.klCoef, episodes: 0, round: null };
  let residualLayers: number | null = null;
  /** A checkpoint gets the tokenizer's files, if there is one, and the critic. */
  const beside: CheckpointOptions["processingClass"] = {
    save: async (folder, { fileSystem } = {}) => {
      await processingClass?.save(folder, { fileSystem });
      await saveCriticInto(folder, trained, session!, baseModel, fileSystem);
    },
  };
  try {
    session = await TrainingSession.open({
      trainer: "ppo",
      model,
      adapter,
      options: { ...options, learningRate, processingClass: beside },
      fingerprint: () => ppoFingerprint(options, resolved, reference.fingerprint),
      hasReference: true,
      totalSteps,
      stepsPerEpoch: null,
      lossLimit: Infinity,
      evaluation: evaluate && { run: async () => evaluationMetrics(await evaluate()) },
      parts: options.rollout.parts,
      files: () => stateFiles(session!.step % updatesPerRound === 0 ? { ...state, round: null } : state),
    });
    session.note(`reference: ${reference.description}`);
    if (session.resumedFrom) {
      state = await readPpoState(session.resumedFrom);
      await restoreCritic(session.resumedFrom, trained);
    }
    while (!session.finished) {
      session.throwIfAborted();
      const started = performance.now();
      const update = session.step % updatesPerRound;
      const number = Math.floor(session.step / updatesPerRound);
      if (update === 0) {
        const { klCoef } = state;
        const where = `the episodes of round ${number}`;
        const { scored, leftOut } = await session.guard({ rows: [], where }, async () => {
          const { episodes, leftOut } = await playRound(options, resolved, number);
          const scored = await scoreRound(scorers, episodes, klCoef, resolved, options);
          return { scored, leftOut };
        });
        const { length } = scored.episodes;
        const episodes = state.episodes + length;
        state = {
          klCoef: nextKlCoef(klCoef, scored.metrics["objective/kl"], length, options),
          episodes,
          round: { ...scored, metrics: { ...scored.metrics, episode: episodes, "episodes/left_out": leftOut } },
        };
      }
      const round = state.round!;
      residualLayers ??= chooseKeptLayers(
        session,
        model,
        adapter,
        // The losses need log-probabilities and values first: forward and backward cannot be one program, and in shared
        // memory nothing is kept.
        model.engine.sharesMemory ? { ...options, gradientCheckpointing: true } : options,
        largestBatch(round, resolved),
      );
      const lessons = lessonsOfUpdate(round, update, session.random.fork("minibatches").fork(number), resolved);
      const metrics = await learn(lessons, {
        actor: { passes: actor, sink: session.optimizer.addGradient },
        critic: { passes: critic, sink: optimizer.addGradient },
      }, { ...options, ...resolved, residualLayers });
      const criticNorm = await optimizer.gradNorm();
      if (!Number.isFinite(criticNorm)) {
        // The session looks at the policy's gradient only; a loss that is not finite stops the run as well.
        session.note(`the critic's gradient has the norm ${criticNorm}`);
        metrics.loss = criticNorm;
      }
      const schedule = { ...options, learningRate: criticLearningRate, totalSteps };
      const criticRate = learningRateAt(session.step, schedule);
      const step = await session.update({
        metrics: { ...metrics, "val/grad_norm": criticNorm, ...round.metrics },
        rows: [],
        where: `the episodes of round ${number}`,
        tokens: update === 0 ? round.episodes.reduce((sum, { ids }) => sum + ids.length, 0) : 0,
        started,
      });
      await optimizer.step(criticRate, criticNorm);
      yield { ...step, round: number, episodes: round.episodes };
      await session.checkpoint();
    }
    await session.finish();
  } catch (error) {
    await session?.interrupted(error);
    throw error;
  } finally {
    await session?.dispose();
    await optimizer.dispose();
    await critic.dispose();
    await reference.dispose();
  }
}

/** A round's episodes, checked, without those that could not be judged. */
async function playRound<E extends Episode>(
  { rollout, model, signal }: PpoOptions<E>,
  { numMiniBatches }: ResolvedPpoOptions,
  round: number,
): Promise<{ episodes: E[]; leftOut: number }> {
  const played = await rollout(round, signal);
  signal?.throwIfAborted();
  // A notebook does not check types before it runs.
  if (!Array.isArray(played)) throw new Error(`round ${round}: expected a list of episodes, got ${typeof played}`);
  checkEpisodes(played, `round ${round}`, model.config);
  const { judged: episodes, leftOut } = judged<E>(played);
  if (episodes.length < numMiniBatches) {
    throw new Error(
      `round ${round}: ${episodes.length} episodes with a score (${leftOut} have none): expected at least ` +
        `${numMiniBatches}, one for each of numMiniBatches`,
    );
  }
  return { episodes, leftOut };
}

/** The largest micro-batch that a round like this one gives. */
function largestBatch({ episodes }: PpoRound, { perDeviceTrainBatchSize }: ResolvedPpoOptions): LargestBatch {
  return { batch: perDeviceTrainBatchSize, tokens: Math.max(...episodes.map(({ ids }) => ids.length)) };
}

function evaluationMetrics(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`eval_${name}`, value]));
}
