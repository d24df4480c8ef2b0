import assert from "node:assert/strict";
import {
  DPO_LOSS_TYPES,
  dpoLoss,
  PREFERENCE_RECIPE,
  type PreferenceSettings,
  preferenceSettings,
} from "../../lib/train/mod.ts";
import { configOfSize } from "../support/config_of_size.ts";

const { published, small } = PREFERENCE_RECIPE;

Deno.test("preferenceSettings() takes the published values for large models, the small ones for small models", () => {
  assert.deepEqual(preferenceSettings({ config: configOfSize(500e6) }), published);
  assert.deepEqual(preferenceSettings({ config: configOfSize(4e6) }), { ...published, ...small });
  assert.deepEqual(preferenceSettings({ config: configOfSize(4e6), size: "published" }), published);
  assert.deepEqual(preferenceSettings({ config: configOfSize(500e6), size: "small" }), { ...published, ...small });
});

Deno.test("PREFERENCE_RECIPE holds what was published", () => {
  const { loraRank, loraAlpha, learningRate, sftLearningRate, sftEpochs, beta, maxLength }: PreferenceSettings =
    published;
  assert.deepEqual(
    [loraRank, loraAlpha, learningRate, sftLearningRate, sftEpochs, beta, maxLength],
    [8, 16, 5e-5, 5e-5, 3, 0.1, 2048],
  );
});

Deno.test("preferenceSettings() lets given values replace the recipe's, and no others in", () => {
  const overrides = { learningRate: 1, loraRank: null, packing: undefined, seed: 3 };
  const settings = preferenceSettings({ config: configOfSize(500e6), overrides });
  assert.deepEqual(settings, { ...published, learningRate: 1 });
});

Deno.test("preferenceSettings() asks for no longer rows than the model reads", () => {
  assert.equal(preferenceSettings({ config: configOfSize(500e6, 512) }).maxLength, 512);
});

Deno.test("DPO_LOSS_TYPES are all losses, each of which can be computed", () => {
  assert.ok(["sigmoid", "ipo", "simpo", "orpo", "sft"].every((type) => (DPO_LOSS_TYPES as string[]).includes(type)));
  for (const lossType of DPO_LOSS_TYPES) {
    const inputs = {
      chosenLogProbs: [[-1, -2]],
      rejectedLogProbs: [[-3]],
      promptLogProbs: [[-1]],
      referenceChosenLogps: [-2],
      referenceRejectedLogps: [-2],
    };
    assert.ok(
      Number.isFinite(dpoLoss(inputs, { lossType, labelSmoothing: lossType === "exo_pair" ? 1e-3 : 0 }).loss),
      lossType,
    );
  }
});
