import assert from "node:assert/strict";
import fc from "fast-check";
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { defaultBudget } from "../../lib/models/memory_plan.ts";
import {
  LINEAR_MODULES,
  loadModel,
  type MemoryPlanOptions,
  planMemory,
  resolvePrecision,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { PeakEngine } from "../support/peak_engine.ts";
import { PROBED } from "../support/probed_model.ts";
import { randomExamples, TINY_MODEL } from "../support/tiny_model.ts";

const { config, batch, tokens } = PROBED;
const ADAPTER = { modules: LINEAR_MODULES, r: 8 };
const LORA: MemoryPlanOptions = { adapter: ADAPTER, trainable: "lora", batch, tokens };

/** A plan, whatever it takes. */
const bytesOf = (options: Partial<MemoryPlanOptions>, gradientCheckpointing: boolean) =>
  planMemory(config, { ...LORA, ...options, gradientCheckpointing }).bytes;

Deno.test('planMemory() with "auto" keeps the residuals of as many layers as the budget allows', () => {
  const [least, most] = [bytesOf({}, true), bytesOf({}, false)];
  assert.ok(least < most);
  fc.assert(fc.property(fc.double({ min: least / 2, max: 1.2 * most, noNaN: true }), (memoryBudget) => {
    const plan = planMemory(config, { ...LORA, memoryBudget });
    assert.ok(plan.residualLayers >= 0 && plan.residualLayers <= config.layers);
    if (memoryBudget >= least) assert.ok(plan.bytes <= memoryBudget);
    else assert.equal(plan.residualLayers, 0);
    if (memoryBudget >= most) assert.equal(plan.residualLayers, config.layers);
    const roomier = planMemory(config, { ...LORA, memoryBudget: 1.3 * memoryBudget });
    assert.ok(roomier.residualLayers >= plan.residualLayers);
  }));
});

Deno.test("planMemory() obeys gradientCheckpointing true and false, and says what they take", () => {
  const options = { ...LORA, memoryBudget: 150e6 };
  const recomputing = planMemory(config, { ...options, gradientCheckpointing: true });
  assert.equal(recomputing.residualLayers, 0);
  assert.match(recomputing.description, /^residuals of 0 of 4 layers kept: about 1\d\d MB of a budget of 150 MB$/);
  const keeping = planMemory(config, { ...options, gradientCheckpointing: false });
  assert.equal(keeping.residualLayers, 4);
  assert.match(
    keeping.description,
    /^residuals of 4 of 4 layers kept: about 2\d\d MB of a budget of 150 MB, which is not enough$/,
  );
});

Deno.test("planMemory() takes half of the memory to spare as budget on the CPU, and none on a GPU unless told", () => {
  const { budget } = planMemory(config, LORA);
  const half = Deno.systemMemoryInfo().available / 2;
  assert.ok(budget > half / 2 && budget < 2 * half, `${budget} of ${half}`);
  const unknown = planMemory(config, { ...LORA, device: "webgpu" });
  assert.equal(unknown.residualLayers, 0);
  assert.match(unknown.description, /kept: about \d+ MB \(no memoryBudget given\)$/);
  assert.equal(planMemory(config, { ...LORA, device: "webgpu", memoryBudget: 8e9 }).residualLayers, 4);
  assert.equal(planMemory(config, { ...LORA, trainable: "none", memoryBudget: 8e9 }).residualLayers, 0);
  for (const memoryBudget of [0, -1, NaN]) {
    assert.throws(
      () => planMemory(config, { ...LORA, memoryBudget }),
      /memoryBudget: expected a number of bytes above 0/,
    );
  }
});

Deno.test("defaultBudget() leaves room for the optimizer, which has its moments and gradients after the plan is made", () => {
  assert.equal(defaultBudget(32e9, 0), 16e9);
  assert.equal(defaultBudget(32e9, 1e9), 16e9);
  // Qwen2.5-1.5B, all of it, in 34 GB: half would leave 17 for the optimizer's 18.5.
  const trained = 1.54e9;
  const budget = defaultBudget(34e9, trained);
  assert.ok(budget > 10e9 && budget + 12 * trained < 34e9, `${budget}`);
  assert.equal(defaultBudget(10e9, trained), 1);
});

Deno.test("planMemory() takes less than half for a model that is trained whole and fills the memory", () => {
  const available = Deno.systemMemoryInfo().available;
  const layers = Math.min(1000, Math.ceil(0.9 * available / 12 / (3 * 2048 * 16384)));
  const large = { ...config, layers, hiddenSize: 2048, intermediateSize: 16384 };
  const whole = planMemory(large, { trainable: "all", batch: 1, tokens: 8, gradientCheckpointing: true });
  const lora = planMemory(large, { ...LORA, batch: 1, tokens: 8, gradientCheckpointing: true });
  assert.ok(whole.budget < lora.budget / 2, `${whole.budget} and ${lora.budget}`);
});

Deno.test("planMemory() counts on a GPU what each layer keeps, and stays within a budget there too", () => {
  const [least, most] = [bytesOf({ device: "webgpu" }, true), bytesOf({ device: "webgpu" }, false)];
  const layer = (most - least) / config.layers;
  assert.ok(layer > batch * tokens * config.hiddenSize * 4);
  const plan = planMemory(config, { ...LORA, device: "webgpu", memoryBudget: least + 2.5 * layer });
  assert.equal(plan.residualLayers, 2);
});

Deno.test("planMemory() counts the head in float32 where it is held in less", () => {
  const large = { ...config, vocabSize: 50_000 };
  for (const device of ["cpu", "webgpu"] as const) {
    const bytes = [large, { ...large, precision: resolvePrecision("4bit") }]
      .map((model) => planMemory(model, { ...LORA, device, gradientCheckpointing: true }).bytes);
    const head = 4 * large.vocabSize * large.hiddenSize;
    assert.ok(bytes[1] - bytes[0] >= head && bytes[1] - bytes[0] < 1.5 * head, `${bytes[1] - bytes[0]} of ${head}`);
  }
});

Deno.test("planMemory() counts the tables that an adapter carries, and their moments and gradients", () => {
  const { vocabSize, hiddenSize } = config;
  const table = 4 * vocabSize * hiddenSize;
  const [none, rows, whole] = [0, 3, vocabSize].map((carriedRows) => bytesOf({ carriedRows }, true));
  assert.equal(whole - none, 3 * table);
  assert.equal(rows - whole, table);
});

Deno.test("planMemory() names an option that it does not understand", () => {
  const unknown = { ...LORA, gradientCheckpointing: "yes" as "auto" };
  assert.throws(() => planMemory(config, unknown), /gradientCheckpointing: expected true, false or "auto", got yes/);
});

Deno.test("planMemory() counts more for more rows, longer rows, and weights that are trained", () => {
  for (const checkpointing of [true, false]) {
    const bytes = bytesOf({}, checkpointing);
    const larger: Partial<MemoryPlanOptions>[] = [{ batch: 2 * batch }, { tokens: 2 * tokens }, {
      trainable: "all",
      adapter: null,
    }];
    for (const options of larger) assert.ok(bytesOf(options, checkpointing) > bytes, JSON.stringify(options));
    // Attention's part grows with the square of the length.
    assert.ok(bytesOf({ tokens: 4 * tokens }, checkpointing) > bytesOf({ batch: 4 * batch }, checkpointing));
  }
});

for (const trainable of ["lora", "all"] as const) {
  for (const residualLayers of [0, config.layers]) {
    Deno.test(`planMemory() estimates what a process takes to train ${trainable}, keeping ${residualLayers} layers`, async () => {
      const probe = new URL("memory_probe.ts", import.meta.url).pathname;
      const args = ["run", "-A", "--no-check", probe, trainable, String(residualLayers)];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const { measured, estimated } = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number>;
      // Loosely: what the garbage collector has not got to yet counts too.
      const ratio = measured / estimated;
      assert.ok(ratio > 0.6 && ratio < 2, `measured ${measured}, estimated ${estimated}`);
    });
  }
}

Deno.test("a pass never holds more tensors than layers' inputs, one layer's gradients and what all layers share", async () => {
  const engine = new PeakEngine(await createEngine({ threads: 1 }));
  const model = await loadModel(TINY_MODEL, { engine });
  const adapter = await createLora(model, new Random(1), { r: 2 });
  const { tokens: read, wanted } = collate(randomExamples(6), 0);
  const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
  const { layers, hiddenSize } = model.config;
  const hidden = read.ids.length * hiddenSize * 4;
  const shared = read.ids.length * (8 + 8 + 4 * read.tokens) + 4;
  const scored = wanted.rows.length * 4 * 8;
  const layerGradients = [...adapter.factors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0) / layers;
  (await model.forward(read)).hidden.dispose(); // makes the rotary tables, which stay
  for (const residualLayers of [0, 1, 2, layers]) {
    const before = engine.peak = engine.bytesInUse;
    const options = { adapter, trainable: "lora", residualLayers } as const;
    await model.forwardBackward(read, wanted, coefficients, (_, gradient) => gradient.dispose(), options);
    assert.equal(engine.bytesInUse, before);
    // The inputs of the layers that are recomputed, and the gradients coming in and going out of one of them.
    const bound = (layers - residualLayers + 3) * hidden + shared + scored +
      Math.max(1, residualLayers) * layerGradients;
    const peak = engine.peak - before;
    assert.ok(peak <= bound, `${residualLayers} layers: ${peak} of ${bound}`);
    assert.ok(peak > (layers - residualLayers) * hidden);
  }
  await model.dispose();
  await engine.dispose();
});
