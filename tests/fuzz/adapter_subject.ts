import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import type { CausalLM } from "../../lib/models/mod.ts";
import type { Random } from "../../lib/random/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { mutateBytes, oneOf } from "./mutate_bytes.ts";
import { type Json, mutateJson, tellingValue, writeJson } from "./mutate_json.ts";
import { fileBytes } from "./safetensors_file.ts";
import type { Subject } from "./subject.ts";

const golden = `${GOLDEN}lora/all_linear`;

function adapterValue(random: Random): Json {
  const values: Json[] = [
    "LORA",
    "all-linear",
    "q_proj",
    ["q_proj", "v_proj"],
    "pissa",
    "eva",
    4,
    8,
    1e6,
    null,
    true,
    {},
    "F16",
  ];
  return random.chance(0.5) ? oneOf(random, values) : tellingValue(random);
}

/** PEFT's folders with a mutated configuration or mutated weights, read into a tiny model. */
export function adapters(model: CausalLM, folder: string): Subject {
  const config: Json = JSON.parse(Deno.readTextFileSync(`${golden}/adapter_config.json`));
  const weights = Deno.readFileSync(`${golden}/adapter_model.safetensors`);
  const dataStart = 8 + Number(new DataView(weights.buffer).getBigUint64(0, true));
  const header: Json = JSON.parse(new TextDecoder().decode(weights.subarray(8, dataStart)));
  return {
    kind: "adapters",
    share: 3,
    make(random) {
      const isWhole = random.chance(0.02);
      const ofConfig = isWhole || random.chance(0.6);
      const contents = isWhole
        ? writeJson(config)
        : ofConfig
        ? mutateJson(config, random, adapterValue)
        : random.chance(0.5)
        ? mutateBytes(weights, random)
        : fileBytes(mutateJson(header, random, adapterValue), weights.subarray(dataStart));
      return {
        name: `${folder}/`,
        contents,
        isWhole,
        async read() {
          const bytes = typeof contents === "string" ? encode(contents) : contents;
          Deno.writeFileSync(`${folder}/adapter_config.json`, ofConfig ? bytes : encode(writeJson(config)));
          Deno.writeFileSync(`${folder}/adapter_model.safetensors`, ofConfig ? weights : bytes);
          const { r, scaling, factors, modules } = await loadAdapter(model, folder);
          assert.ok(Number.isSafeInteger(r) && r > 0 && Number.isFinite(scaling), `r ${r}, scaling ${scaling}`);
          assert.equal(factors.size, modules.length * 2 * model.config.layers);
          for (const [name, { shape }] of factors) {
            assert.ok(shape.length === 2 && shape.includes(r), `${name}: ${shape}`);
          }
          factors.forEach((factor) => factor.dispose());
        },
      };
    },
  };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
