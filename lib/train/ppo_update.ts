/** One update of PPO: forward and backward of policy and critic over a part of a round's episodes. */
import type { GradientSink } from "../models/mod.ts";
import type { PpoActor } from "./ppo_actor.ts";
import type { PpoCritic } from "./ppo_critic.ts";
import { policyLoss, type PpoLossOptions, valueLoss } from "./ppo_loss.ts";
import type { LessonBatch } from "./ppo_round.ts";
import type { Metrics } from "./step.ts";

/** Who learns, and where the gradients go. */
interface Learners {
  actor: { passes: PpoActor; sink: GradientSink };
  critic: { passes: PpoCritic; sink: GradientSink };
}

/**
 * Gives the gradients of policy loss + vfCoef * value loss to the sinks. Both losses, and all metrics, are means over the
 * tokens of the update, however its episodes are cut into micro-batches.
 *
 * @param options.residualLayers As `CausalLM.forwardBackward` takes it.
 */
export async function learn(
  lessons: readonly LessonBatch[],
  { actor, critic }: Learners,
  { vfCoef, residualLayers, ...options }: PpoLossOptions & { vfCoef: number; residualLayers: number },
): Promise<Metrics & { loss: number }> {
  const tokensInStep = lessons.reduce((sum, { advantages }) => sum + advantages.length, 0);
  const sums: Metrics = {};
  const addAll = (parts: Metrics) => {
    for (const [name, value] of Object.entries(parts)) sums[name] = (sums[name] ?? 0) + value;
  };
  for (const { batch, oldLogProbs, advantages, oldValues, returns } of lessons) {
    const entropies = await actor.passes.backward(
      batch,
      (logProbs) => {
        const { loss, gradients, metrics } = policyLoss({ logProbs, oldLogProbs, advantages, tokensInStep }, options);
        addAll({ "loss/policy_avg": loss, ...metrics });
        return gradients;
      },
      actor.sink,
      residualLayers,
    );
    addAll({ "policy/entropy_avg": entropies.reduce((sum, value) => sum + value, 0) / tokensInStep });
    await critic.passes.backward(
      batch,
      (values) => {
        const { loss, gradients, metrics } = valueLoss({ values, oldValues, returns, tokensInStep }, options);
        addAll({ "loss/value_avg": loss, ...metrics });
        return gradients.map((gradient) => vfCoef * gradient);
      },
      critic.sink,
      residualLayers,
    );
  }
  return { ...sums, loss: sums["loss/policy_avg"] + vfCoef * sums["loss/value_avg"] };
}
