/** That transformers.js goes on with random models of every family as Kiln does. */
import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from "@huggingface/transformers";
import assert from "node:assert/strict";
import { createEngine } from "../../../lib/engine/mod.ts";
import { openModelSource } from "../../../lib/formats/mod.ts";
import { saveOnnxDecoder } from "../../../lib/formats/onnx_decoder/mod.ts";
import { generate, loadModel } from "../../../lib/models/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { KINDS, writeModel } from "../exportable_model.ts";

/** Every beginning of a text: random models mostly repeat the last token that they read, so that many are asked. */
const WORDS = "Tom has 5 apples, buys 3 more and gives a man of 60, who comes with pain in his chest, half of them"
  .split(" ");
const TEXTS = WORDS.map((_, at) => WORDS.slice(0, at + 1).join(" "));
const TOKENS = 6;

for (const [kind, config] of Object.entries(KINDS)) {
  Deno.test(`transformers.js writes the tokens that Kiln writes: ${kind}`, () =>
    inFolder(async (folder) => {
      const engine = await createEngine();
      try {
        await writeModel(`${folder}/source`, { ...config, eosTokenIds: [] }, engine);
        const source = await openModelSource({ model: `${folder}/source` });
        await saveOnnxDecoder(source, `${folder}/random`, {});
        source.close();
        const model = await loadModel(`${folder}/source`, { engine });
        const tokenizer = await Tokenizer.load(`${folder}/source`);
        const prompts = TEXTS.map((text) => tokenizer.encode(text));
        const own = await generate(model, { prompts, temperature: 0, maxNewTokens: TOKENS });
        await model.dispose();

        Object.assign(env, { allowRemoteModels: false, useFSCache: false, localModelPath: folder });
        const theirTokenizer = await AutoTokenizer.from_pretrained("random");
        const decoder = await AutoModelForCausalLM.from_pretrained("random", { dtype: "fp32" });
        try {
          const seen = new Set<number>();
          for (const [at, text] of TEXTS.entries()) {
            const inputs = theirTokenizer(text, { add_special_tokens: false });
            const [row] = (await decoder.generate({ ...inputs, max_new_tokens: TOKENS, do_sample: false }) as Tensor)
              .tolist() as bigint[][];
            const [{ tokenIds }] = own[at];
            const written = row.map(Number).slice(prompts[at].length);
            // An export says where its tokenizer ends turns, whatever the model's configuration says.
            assert.deepEqual(written, tokenIds.slice(0, written.length));
            written.forEach((id) => seen.add(id));
          }
          assert.ok(seen.size >= 12, `${seen.size} different tokens`);
        } finally {
          await decoder.dispose();
        }
      } finally {
        await engine.dispose();
      }
    }));
}
