import assert from "node:assert/strict";
import { GgufError } from "../../../lib/formats/gguf/format.ts";
import { f32s, text, texts, u32, u64 } from "../../../lib/formats/gguf/metadata_values.ts";
import { openGguf } from "../../../lib/formats/gguf/read.ts";
import {
  readBool,
  readInteger,
  readIntegers,
  readNumber,
  readNumbers,
  readText,
  readTexts,
  required,
} from "../../../lib/formats/gguf/read_metadata.ts";
import { dequantizerOf } from "../../../lib/formats/gguf/quants/mod.ts";
import { openSafetensors } from "../../../lib/models/mod.ts";
import { GOLDEN } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { goldenMetadata } from "./golden_content.ts";

Deno.test("openGguf() reads metadata of every type and tensors row-major when gguf-py wrote them", async () => {
  const file = await openGguf(`${GOLDEN}gguf/written.gguf`);
  assert.equal(file.version, 3);
  assert.equal(file.alignment, 64);
  assert.deepEqual(
    [...file.metadata],
    Object.entries({ "general.architecture": text("test"), "general.alignment": u32(64), ...goldenMetadata }),
  );
  assert.deepEqual([...file.tensors.values()].map(({ name, type, shape }) => [name, type, shape]), [
    ["F32", "F32", [3, 7]],
    ["F16", "F16", [3, 7]],
    ["BF16", "BF16", [3, 7]],
    ["Q8_0", "Q8_0", [3, 32]],
    ["Q5_0", "Q5_0", [3, 32]],
    ["Q4_0", "Q4_0", [3, 32]],
    ["Q6_K", "Q6_K", [3, 256]],
    ["Q4_K", "Q4_K", [3, 256]],
  ]);
  for (const { byteOffset } of file.tensors.values()) assert.equal(byteOffset % 64, 0);
  file.close();
});

Deno.test("readF32() gives the same weights when blocks are read and when the golden blocks are dequantized", async () => {
  const blocks = await openSafetensors(`${GOLDEN}gguf/blocks.safetensors`);
  const weights = await blocks.readF32("weights");
  const row = (index: number, columns: number) => weights.subarray(index * 512, index * 512 + columns);
  for (const name of ["written", "read_only"]) {
    const file = await openGguf(`${GOLDEN}gguf/${name}.gguf`);
    for (const { name, type, shape } of file.tensors.values()) {
      if (/^I/.test(type)) continue;
      const values = await file.readF32(name);
      assert.equal(values.length, shape[0] * shape[1]);
      if (type === "F32") {
        assert.deepEqual(values, Float32Array.of(...row(0, 7), ...row(1, 7), ...row(8, 7)));
      } else if (type === "F64") {
        assert.deepEqual(values, row(0, 32).map((value) => value / 3));
      } else if (type === "F16" || type === "BF16") {
        for (let i = 0; i < 7; i++) assert.ok(Math.abs(values[i] - weights[i]) <= 2 ** -8 * Math.abs(weights[i]));
      } else {
        // The golden blocks of whole rows begin with those of the first columns.
        const golden = await blocks.read(`${type}.blocks`) as Uint8Array;
        const rowBytes = golden.length / 16;
        const expected = [0, 1, 8].flatMap((index) => {
          const numbers = new Float32Array(512);
          dequantizerOf(type)!.dequantize(golden.subarray(index * rowBytes, (index + 1) * rowBytes), numbers);
          return [...numbers.subarray(0, shape[1])];
        });
        assert.deepEqual([...values], expected, type);
      }
    }
    file.close();
  }
});

Deno.test("readF32() refuses integers and types that are not read, and says what to do", async () => {
  const file = await openGguf(`${GOLDEN}gguf/read_only.gguf`);
  for (const type of ["I8", "I16", "I32", "I64"]) {
    await assert.rejects(
      file.readF32(type),
      /GgufError: .*read_only\.gguf: tensor "I\d+" is stored as I\d+, whole numbers/,
    );
    assert.equal((await file.readBytes(type)).length, 5 * Number(type.slice(1)) / 8);
  }
  assert.deepEqual(new Int32Array((await file.readBytes("I32")).buffer), Int32Array.of(-2, -1, 0, 1, 2));
  await assert.rejects(file.readF32("IQ4_NL"), /stored as IQ4_NL, which is not read here; F32.*llama-quantize/);
  await assert.rejects(file.readF32("absent"), /GgufError: .*has no tensor "absent"/);
  assert.throws(() => file.info("absent"), GgufError);
  file.close();
  await assert.rejects(file.readF32("F64"), /closed/);
});

Deno.test("readF32() gives each caller its own numbers when reads overlap in time", async () => {
  const file = await openGguf(`${GOLDEN}gguf/written.gguf`);
  const names = [...file.tensors.keys()];
  const once = await Promise.all(names.map((name) => file.readF32(name)));
  const again: Float32Array[] = [];
  for (const name of names) again.push(await file.readF32(name));
  assert.deepEqual(once, again);
  once[0].fill(7);
  assert.deepEqual(await file.readF32(names[0]), again[0]);
  file.close();
});

Deno.test("openGguf() names the path when it is absent, a folder or another format", () =>
  inFolder(async (folder) => {
    await assert.rejects(openGguf(`${folder}/absent.gguf`), /GgufError: .*absent\.gguf: there is no such file/);
    await assert.rejects(openGguf(folder), /GgufError: .*(not a file|cannot be opened)/);
    await assert.rejects(openGguf(`${GOLDEN}gguf/blocks.safetensors`), /not a GGUF file: it begins with/);
  }));

Deno.test("readText() and its siblings refuse a key that holds another type, and allow an absent one", () => {
  const file = {
    path: "m.gguf",
    metadata: new Map(Object.entries({
      ...goldenMetadata,
      list: texts(["a"]),
      empty: f32s([]),
      big: u64(2n ** 60n),
    })),
  };
  assert.equal(readText(file, "type.string")?.slice(0, 3), "Ünï");
  assert.deepEqual(readTexts(file, "list"), ["a"]);
  assert.equal(readBool(file, "type.bool"), true);
  assert.equal(readNumber(file, "type.f64"), 0.1);
  assert.equal(readNumber(file, "type.f32"), Math.fround(0.1));
  assert.equal(readInteger(file, "type.u32"), 4294967295);
  assert.deepEqual(readIntegers(file, "array.u32s"), [0, 1, 4294967295]);
  assert.deepEqual(readNumbers(file, "array.i32s"), [-1, 0, 2147483647]);
  assert.deepEqual([readTexts(file, "empty"), readNumbers(file, "empty")], [[], []]);
  for (const read of [readText, readTexts, readBool, readNumber, readInteger, readNumbers, readIntegers]) {
    assert.equal(read(file, "absent"), undefined);
    assert.throws(
      () => read(file, "array.bools"),
      /GgufError: m\.gguf: metadata "array\.bools" is an array of bool, 3 long/,
    );
  }
  assert.throws(() => readText(file, "type.u8"), /"type\.u8" is u8 255; expected a string/);
  assert.throws(() => readInteger(file, "type.i8"), /is i8 -128; expected a whole number from 0/);
  assert.throws(() => readInteger(file, "big"), /is u64 "1152921504606846976"; expected a whole number/);
  assert.throws(() => readIntegers(file, "array.i32s"), /expected an array of whole numbers from 0/);
  assert.throws(() => required(file, "absent", readText(file, "absent")), /has no metadata "absent"/);
  assert.equal(required(file, "type.bool", readBool(file, "type.bool")), true);
});
