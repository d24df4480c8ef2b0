import assert from "node:assert/strict";
import { OpenAI } from "openai";
import { errorOf, withService } from "./running.ts";
import { scriptedEngine } from "./scripted_engine.ts";

Deno.test("the official client gets the same vectors as numbers and in base64", async () => {
  const engine = await scriptedEngine(() => ({ text: "" }));
  await withService({ engine }, async (service) => {
    const { embeddings } = service.client();
    const input = ["ache", "a longer text"];
    // The client asks for base64 by itself.
    const packed = await embeddings.create({ model: "vectors", input });
    const plain = await embeddings.create({ model: "vectors", input, encoding_format: "float" });
    assert.deepEqual(plain.data.map(({ index }) => index), [0, 1]);
    assert.deepEqual(plain.data[1].embedding, [...Float32Array.of(13, 0.1, -0.25)]);
    assert.deepEqual(packed.data.map(({ embedding }) => [...embedding]), plain.data.map(({ embedding }) => embedding));
    assert.equal(plain.usage.prompt_tokens, input.flatMap((text) => engine.tokenizer.encode(text)).length);
    const one = await embeddings.create({ model: "vectors", input: "ache", dimensions: 3 });
    assert.equal(one.data.length, 1);
  });
});

Deno.test("what cannot be made a vector is refused, naming the field", async () => {
  const engine = await scriptedEngine(() => ({ text: "" }));
  await withService({ engine, limits: { maxInputs: 3 } }, async (service) => {
    const wrong: [object, number, string][] = [
      [{ input: "" }, 400, "input"],
      [{ input: ["a", " "] }, 400, "input"],
      [{ input: [1, 2, 3] }, 400, "input"],
      [{ input: ["a", "b", "c", "d"] }, 400, "input"],
      [{ input: "a", dimensions: 2 }, 400, "dimensions"],
      [{ input: "a", encoding_format: "int8" }, 400, "encoding_format"],
      [{ input: "a", model: "base" }, 404, "model"],
      [{ input: { text: "a" } }, 400, "input"],
    ];
    for (const [fields, status, param] of wrong) {
      const error = await errorOf(await service.post("/v1/embeddings", { model: "vectors", ...fields }));
      assert.deepEqual([error.status, error.param], [status, param], JSON.stringify(fields));
    }
    await assert.rejects(
      service.client().embeddings.create({ model: "base", input: "a" }),
      (error) => error instanceof OpenAI.NotFoundError && /vectors/.test(error.message),
    );
  });
});
