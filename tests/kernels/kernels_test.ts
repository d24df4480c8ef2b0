import { createEngine } from "../../lib/engine/mod.ts";
import { checkEngine } from "../support/check_engine.ts";
import { checkGradients } from "../support/check_gradients.ts";
import { DECODING_KERNELS, TRAINING_KERNELS } from "./kernel_cases.ts";

const engine = await createEngine({ threads: 1 });

for (const graphCase of TRAINING_KERNELS) {
  Deno.test(`${graphCase.name}: gradient by finite differences, value and gradient on the CPU`, async () => {
    checkGradients(graphCase);
    await checkEngine(engine, graphCase);
  });
}

for (const graphCase of DECODING_KERNELS) {
  Deno.test(`${graphCase.name}: value on the CPU`, async () => {
    await checkEngine(engine, graphCase, { differentiable: false });
  });
}
