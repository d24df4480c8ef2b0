/** That transformers.js in Deno loads an export and answers what Kiln answers. */
import { AutoModelForCausalLM, AutoTokenizer, env, pipeline, type Tensor } from "@huggingface/transformers";
import assert from "node:assert/strict";
import * as ort from "onnxruntime-node";
import type { OnnxPrecision } from "../../../lib/formats/onnx_decoder/mod.ts";
import type { PrecisionOptions } from "../../../lib/models/mod.ts";
import type { ChatMessage } from "../../../lib/tokenizer/mod.ts";
import { assertNearBest, CHATS, END_OF_TURN, exportHouse, kilnAnswers, MAX_NEW_TOKENS } from "./house_export.ts";

const MODEL = "kiln-tiny";
const GREEDY = { max_new_tokens: MAX_NEW_TOKENS, do_sample: false };

const folder = await Deno.makeTempDir();
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = folder;
await exportHouse(`${folder}/${MODEL}`, { precisions: ["f32", "f16", "4bit"] });
await exportHouse(`${folder}/in-shards`, { maxEmbeddedBytes: 0, maxShardBytes: 2 ** 22 });
const answers = await kilnAnswers();

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** What a chat answers in transformers.js, as people call it. */
async function textsOf(model: string, options: { dtype?: "fp32" | "fp16" | "q4" }): Promise<string[]> {
  const generator = await pipeline("text-generation", model, options);
  try {
    const texts: string[] = [];
    for (const chat of CHATS) {
      const [{ generated_text }] = await generator([...chat] as Parameters<typeof generator>[0], GREEDY) as {
        generated_text: ChatMessage[];
      }[];
      texts.push(generated_text.at(-1)!.content as string);
    }
    return texts;
  } finally {
    await generator.dispose();
  }
}

Deno.test("transformers.js in Deno runs on the ONNX Runtime that Kiln runs on", () => {
  const { versions } = env.backends.onnx as { versions: Record<string, string> };
  assert.deepEqual([versions.node, versions.web], [ort.env.versions.node, undefined]);
});

Deno.test("transformers.js answers chats from an export in f32 with the same text as Kiln, and stops where it stops", async () => {
  assert.ok(answers.every(({ tokenIds }) => tokenIds.at(-1) === END_OF_TURN), "Kiln's own answers end their turns");
  assert.deepEqual(await textsOf(MODEL, {}), answers.map(({ text }) => text));
});

Deno.test("transformers.js finds the weights in files beside the decoder", async () => {
  const files = [...Deno.readDirSync(`${folder}/in-shards/onnx`)].map(({ name }) => name).sort();
  assert.deepEqual(files.slice(0, 3), ["model.onnx", "model.onnx_data", "model.onnx_data_1"]);
  assert.deepEqual(await textsOf("in-shards", {}), answers.map(({ text }) => text));
});

Deno.test("transformers.js asks a decoder with num_logits_to_keep for the logits of the last token alone", async () => {
  await exportHouse(`${folder}/kept`, { numLogitsToKeep: true });
  const model = await AutoModelForCausalLM.from_pretrained("kept", { dtype: "fp32" });
  const forward = model.forward.bind(model);
  const counts: number[] = [];
  model.forward = async (inputs) => {
    const outputs = await forward(inputs);
    counts.push(outputs.logits.dims[1]);
    return outputs;
  };
  const tokenizer = await AutoTokenizer.from_pretrained("kept");
  await model.generate({ ...tokenizer("Tom has 5 apples"), max_new_tokens: 4, do_sample: false });
  assert.deepEqual(counts, [1, 1, 1, 1]);
  await model.dispose();
  assert.deepEqual(await textsOf("kept", {}), answers.map(({ text }) => text));
});

Deno.test("transformers.js answers a batch of chats of different lengths, padded on the left, as each alone", async () => {
  const tokenizer = await AutoTokenizer.from_pretrained(MODEL);
  const model = await AutoModelForCausalLM.from_pretrained(MODEL, { dtype: "fp32" });
  try {
    tokenizer.padding_side = "left";
    const prompts = CHATS.map((chat) =>
      tokenizer.apply_chat_template([...chat] as Parameters<typeof tokenizer.apply_chat_template>[0], {
        tokenize: false,
        add_generation_prompt: true,
      })
    );
    const inputs = tokenizer(prompts, { add_special_tokens: false, padding: true });
    const [, longest] = inputs.input_ids.dims;
    assert.ok(inputs.attention_mask.tolist().some((row: bigint[]) => row.includes(0n)), "some are padded");
    const rows = (await model.generate({ ...inputs, ...GREEDY }) as Tensor).tolist() as bigint[][];
    // It goes on behind the end of a turn until the last answer ends.
    const cut = rows.map((row) => row.slice(longest).map(Number)).map((ids) =>
      ids.slice(0, ids.indexOf(END_OF_TURN) + 1)
    );
    assert.deepEqual(cut, answers.map(({ tokenIds }) => tokenIds));
  } finally {
    await model.dispose();
  }
});

/** The same numbers in Kiln, and how far from the best a token may be that is taken instead, in units of logits. */
const ROUNDED: [OnnxPrecision, "fp16" | "q4", PrecisionOptions, margin: number][] = [
  ["f16", "fp16", { weights: "float16", compute: "float16" }, 0.02],
  ["4bit", "q4", { weights: "4bit" }, 0.1],
];

for (const [precision, dtype, options, margin] of ROUNDED) {
  Deno.test(`transformers.js takes the tokens that Kiln takes with the same numbers in ${precision}, and ends the turn`, async () => {
    await assertNearBest(await textsOf(MODEL, { dtype }), options, margin);
  });
}
