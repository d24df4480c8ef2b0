import assert from "node:assert/strict";
import {
  confusion,
  createRouter,
  drawLabelledQuestions,
  fitThresholds,
  HOUSE_NONE_UTTERANCES,
  HOUSE_ROUTES,
  loadRouter,
  saveRouter,
} from "../../../lib/agent/mod.ts";
import { houseEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { withEngine } from "../../support/tiny_model.ts";

Deno.test("the house encoder routes held-out questions rightly, also when it is read from a file", () =>
  withEngine(async (engine) => {
    const embedder = await houseEmbedder({ engine });
    const made = await createRouter({ embedder, routes: HOUSE_ROUTES, noneUtterances: HOUSE_NONE_UTTERANCES });
    const { router, heldOut } = await fitThresholds(made, drawLabelledQuestions(120, { seed: "fit" }));
    assert.ok(heldOut.accuracy >= 0.92, `cross-validated: ${heldOut.accuracy}`);
    const questions = drawLabelledQuestions(80, { seed: "new", split: "test" });
    const routed = await router.routeAll(questions.map(({ question }) => question));
    const { accuracy, counts } = confusion(
      HOUSE_ROUTES.map(({ name }) => name),
      questions.map(({ route }, index) => ({ expected: route, predicted: routed[index].route })),
    );
    assert.ok(accuracy >= 0.92, `${accuracy} ${JSON.stringify(counts)}`);
    await inFolder(async (folder) => {
      await saveRouter(router, `${folder}/router.json`);
      const loaded = await loadRouter(`${folder}/router.json`, embedder);
      assert.deepEqual((await loaded.route(questions[0].question)).route, routed[0].route);
    });
    // Utterances are no copies of what is asked.
    const utterances = new Set([...HOUSE_ROUTES.flatMap(({ utterances }) => utterances), ...HOUSE_NONE_UTTERANCES]);
    assert.ok(questions.every(({ question }) => !utterances.has(question)));
    await embedder.dispose();
  }));
