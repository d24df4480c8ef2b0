import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bool,
  f32,
  GgufError,
  type GgufValue,
  i32s,
  openGguf,
  openGgufSource,
  saveGguf,
  text,
  texts,
  u32,
  u64,
  writeGguf,
} from "../../../lib/formats/gguf/mod.ts";
import type { ModelSource } from "../../../lib/formats/mod.ts";
import { weightShapes } from "../../../lib/models/mod.ts";
import { inFolder } from "../../support/in_folder.ts";
import { randomSource, smallConfig } from "./random_source.ts";
import { qwenTokenizer, sentencePieceTokenizer } from "./tokenizers.ts";

/** A small file with some of its metadata or tensors changed. */
async function changedFile(
  path: string,
  change: (
    content: { metadata: Map<string, GgufValue>; tensors: { name: string; shape: readonly number[] }[] },
  ) => void,
): Promise<void> {
  const tokenizer = qwenTokenizer();
  await saveGguf(randomSource(smallConfig("llama", tokenizer), tokenizer), path, { type: "F32" });
  const file = await openGguf(path);
  const content = {
    metadata: new Map(file.metadata),
    tensors: [...file.tensors.values()].map(({ name, shape }) => ({ name, shape })),
  };
  file.close();
  change(content);
  const tensors = content.tensors.map(({ name, shape }) => ({
    ...{ name, shape, type: "F32" as const },
    data: () => new Float32Array(shape.reduce((a, b) => a * b)),
  }));
  await writeGguf(path, { metadata: content.metadata, tensors });
}

Deno.test("openGgufSource() refuses what it would compute wrongly, naming it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.gguf`;
    const refused = async (change: Parameters<typeof changedFile>[1], expected: RegExp) => {
      await changedFile(path, change);
      await assert.rejects(openGgufSource(path), (error: Error) => {
        assert.ok(error instanceof GgufError, String(error));
        assert.match(error.message, expected);
        assert.ok(error.message.startsWith(path));
        return true;
      });
    };
    const set = (key: string, value: GgufValue): Parameters<typeof changedFile>[1] => ({ metadata }) =>
      void metadata.set(key, value);
    const unset = (key: string): Parameters<typeof changedFile>[1] => ({ metadata }) => void metadata.delete(key);
    await refused(set("general.architecture", text("gemma3")), /architecture "gemma3" is not known; Kiln runs "qwen2"/);
    await refused(unset("general.architecture"), /has no metadata "general.architecture"/);
    await refused(set("llama.expert_count", u32(8)), /llama.expert_count 8 is not supported/);
    await refused(set("llama.rope.scaling.type", text("yarn")), /llama.rope.scaling.type: expected "none" or "linear"/);
    await refused(set("llama.attention.head_count_kv", u32(3)), /head_count 4 is not a multiple of head_count_kv 3/);
    await refused(set("llama.rope.dimension_count", u32(8)), /rope.dimension_count 8: expected 16/);
    await refused(set("llama.block_count", u32(2_000_000)), /llama.block_count: /);
    await refused(set("llama.block_count", u32(4)), /there is no tensor "blk.3.attn_norm.weight"/);
    await refused(unset("llama.block_count"), /has no metadata "llama.block_count"/);
    await refused(
      set("llama.feed_forward_length", u32(97)),
      /tensor "blk.0.ffn_gate.weight" is \[96,64\]; .*\[97,64\]/,
    );
    await refused(set("llama.block_count", text("3")), /llama.block_count/);
    await refused(set("split.count", u32(2)), /one part of a split file; .*--merge/);
    await refused(({ tensors }) => tensors.splice(0, 1), /token_embd.weight/);
    await refused(
      ({ tensors }) => tensors.push({ name: "blk.0.attn_sinks.weight", shape: [4] }),
      /"blk.0.attn_sinks.weight"/,
    );
    await refused(
      ({ tensors }) => tensors.push({ name: "rope_freqs.weight", shape: [8] }),
      /no scaling of Llama 3's kind/,
    );
    await refused(set("tokenizer.ggml.model", text("t5")), /tokenizer.ggml.model "t5" is not read/);
    await refused(set("tokenizer.ggml.pre", text("bloom")), /tokenizer.ggml.pre "bloom" is not read; Kiln knows qwen2/);
    await refused(unset("tokenizer.ggml.pre"), /has no metadata "tokenizer.ggml.pre"/);
    await refused(unset("tokenizer.ggml.merges"), /has no metadata "tokenizer.ggml.merges"/);
    await refused(set("tokenizer.ggml.eos_token_id", u32(99999)), /eos_token_id is 99999, which is no token/);
  }));

Deno.test("openGgufSource() of a damaged file gives a clear error or a model, never anything else", () =>
  inFolder(async (folder) => {
    const tokenizer = qwenTokenizer();
    const config = smallConfig("llama", tokenizer, { layers: 1, hiddenSize: 8, headDim: 2, intermediateSize: 8 });
    await saveGguf(randomSource(config, tokenizer), `${folder}/a.gguf`, { type: "F16" });
    const bytes = await Deno.readFile(`${folder}/a.gguf`);
    const path = `${folder}/b.gguf`;
    const place = fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: bytes.length - 1 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const damaged = bytes.slice();
          for (const [at, byte] of changes) damaged[at] = byte;
          await Deno.writeFile(path, damaged);
          let source: ModelSource;
          try {
            source = await openGgufSource(path);
          } catch (error) {
            assert.ok((error as Error).message.startsWith(path), `${(error as Error).stack}`);
            return;
          }
          for (const name of Object.keys(weightShapes(source.config))) await source.read(name);
          source.close();
        },
      ),
      { numRuns: 300 },
    );
  }));

Deno.test("openGgufSource() refuses quantisations that are not read before it reads any weight, and takes a tokenizer that is given", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.gguf`;
    const tokenizer = qwenTokenizer();
    const config = smallConfig("llama", tokenizer, { hiddenSize: 256, headDim: 64 });
    await saveGguf(randomSource(config, tokenizer), path, { type: "Q4_0" });
    const bytes = await Deno.readFile(path);
    // The tensor's type stands behind its name, number of dimensions and two lengths.
    const name = new TextEncoder().encode("blk.2.attn_output.weight");
    const at = bytes.findLastIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte)) + name.length + 4 + 16;
    assert.equal(new DataView(bytes.buffer).getUint32(at, true), 2);
    bytes[at] = 20; // IQ4_NL, of the same size
    await Deno.writeFile(path, bytes);
    await assert.rejects(openGgufSource(path), /a.gguf: .*"blk.2.attn_output.weight".*IQ4_NL/);

    await changedFile(path, ({ metadata }) => void metadata.set("tokenizer.ggml.pre", text("bloom")));
    await assert.rejects(openGgufSource(path), /give it as the option tokenizer/);
    const source = await openGgufSource(path, { tokenizer });
    assert.equal(source.tokenizer, tokenizer);
    source.close();
  }));

Deno.test("openGgufSource() of any metadata gives a clear error or a model", () =>
  inFolder(async (folder) => {
    const path = `${folder}/b.gguf`;
    for (const tokenizer of [qwenTokenizer(), await sentencePieceTokenizer()]) {
      const config = smallConfig("llama", tokenizer, { layers: 1, hiddenSize: 8, headDim: 2, intermediateSize: 8 });
      await saveGguf(randomSource(config, tokenizer), `${folder}/a.gguf`, { type: "F32" });
      const file = await openGguf(`${folder}/a.gguf`);
      const metadata = new Map(file.metadata);
      const tensors = [...file.tensors.values()].map(({ name, shape }) => ({
        ...{ name, shape, type: "F32" as const },
        data: () => new Float32Array(shape.reduce((a, b) => a * b)),
      }));
      file.close();
      const count = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 0xffffffff }));
      const tokens = fc.array(fc.oneof(fc.string({ maxLength: 6 }), fc.constant("a b")), { maxLength: 12 });
      const value: fc.Arbitrary<GgufValue | undefined> = fc.oneof(
        fc.constant(undefined),
        count.map(u32),
        count.map((number) => u64(BigInt(number))),
        fc.float().map(f32),
        fc.boolean().map(bool),
        fc.string().map(text),
        tokens.map(texts),
        fc.array(fc.integer({ min: -5, max: 9999 }), { maxLength: 12 }).map(i32s),
        fc.constantFrom(...metadata.values()),
      );
      const changes = fc.array(fc.tuple(fc.constantFrom(...metadata.keys()), value), { minLength: 1, maxLength: 2 });
      await fc.assert(
        fc.asyncProperty(changes, async (changes) => {
          const changed = new Map(metadata);
          for (const [key, value] of changes) {
            if (key === "general.alignment") continue;
            if (value === undefined) changed.delete(key);
            else changed.set(key, value);
          }
          await writeGguf(path, { metadata: changed, tensors });
          try {
            (await openGgufSource(path)).close();
          } catch (error) {
            assert.ok((error as Error).message.startsWith(path), `${(error as Error).stack}`);
          }
        }),
        { numRuns: 150 },
      );
    }
  }));
