import assert from "node:assert/strict";
import fc from "fast-check";
import {
  openCheckpoint,
  openSafetensors,
  openSafetensorsBytes,
  openShards,
  SafetensorsError,
  writeSafetensors,
} from "../../lib/models/safetensors.ts";
import { inFolder } from "../support/in_folder.ts";

const golden = new URL("../golden/safetensors/every_dtype.safetensors", import.meta.url).pathname;

/** A file with this header, given as JSON text or value, and `dataBytes` zero bytes. */
function fileOf(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function tensor(dtype: unknown, shape: unknown, offsets: unknown) {
  return { dtype, shape, data_offsets: offsets };
}

Deno.test("openCheckpoint() refuses an index that lies", () =>
  inFolder(async (folder) => {
    const path = `${folder}/model.safetensors.index.json`;
    await assert.rejects(openCheckpoint(folder), /expected model\.safetensors or model\.safetensors\.index\.json/);
    await Deno.writeTextFile(`${folder}/pytorch_model.bin`, "");
    await assert.rejects(openCheckpoint(folder), /PyTorch pickles/);
    await assert.rejects(openCheckpoint(`${folder}/absent`), SafetensorsError);
    await writeSafetensors(`${folder}/a.safetensors`, [{
      name: "w",
      dtype: "U8",
      shape: [1],
      data: new Uint8Array(1),
    }]);
    for (
      const [index, message] of [
        ["{", /index\.json: the index is not JSON/],
        ["{}", /weight_map is absent/],
        ['{"weight_map":{}}', /weight_map is \{\}/],
        ['{"weight_map":{"w":"a.safetensors","w":"a.safetensors"}}', /"w" occurs twice in the index/],
        ['{"weight_map":{"w":"../a.safetensors"}}', /"w" is said to be in "\.\.\/a\.safetensors"/],
        ['{"weight_map":{"w":"/etc/a.safetensors"}}', /expected the name of a \.safetensors file in this folder/],
        ['{"weight_map":{"w":"..\\\\a.safetensors"}}', /expected the name/],
        ['{"weight_map":{"w":3}}', /expected the name/],
        ['{"weight_map":{"w":"a\\u0000.safetensors"}}', /expected the name/],
        [`{"weight_map":{"w":"${"a".repeat(300)}.safetensors"}}`, /expected the name/],
        ['{"weight_map":{"w":"..safetensors"}}', /no such file/],
        ['{"weight_map":{"w":"b.safetensors"}}', /b\.safetensors: there is no such file/],
        ['{"weight_map":{"w":"a.safetensors","v":"a.safetensors"}}', /"v" is not in a\.safetensors/],
      ] as const
    ) {
      await Deno.writeTextFile(path, index);
      await assert.rejects(openCheckpoint(folder), (error) => {
        assert.ok(error instanceof SafetensorsError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await Deno.writeTextFile(path, '{"weight_map":{"w":"a.safetensors"}}');
    (await openCheckpoint(folder)).close();
  }));

Deno.test("openSafetensors() refuses a header that lies, and says how", () =>
  inFolder(async (folder) => {
    const path = `${folder}/lies.safetensors`;
    const f32 = tensor("F32", [2], [0, 8]);
    const two = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},';
    for (
      const [bytes, message] of [
        [new Uint8Array(0), /it has 0 bytes/],
        [new Uint8Array(7), /it has 7 bytes/],
        [fileOf({ a: f32 }, 8, 2n ** 64n - 1n), /claims 18446744073709551615 bytes; at most 100000000/],
        [fileOf({ a: f32 }, 8, 1000n), /cut off or not a safetensors file: the header claims 1000 bytes/],
        [fileOf("{nope", 8), /the header is not JSON/],
        [fileOf("[1]", 0), /expected a JSON object/],
        [fileOf("", 0), /the header is not JSON/],
        [fileOf("\xff", 0).with(8, 0xff), /the header is not JSON/],
        [fileOf({ a: f32 }, 7), /cut off: the tensors end at byte \d+, the file has \d+/],
        [fileOf({ a: f32 }, 9), /longer than its header says/],
        [fileOf({ a: f32, b: tensor("U8", [2], [7, 9]) }, 9), /"b" overlaps/],
        [fileOf({ a: f32, b: tensor("U8", [2], [10, 12]) }, 12), /"b" leaves a hole of 2 bytes/],
        [fileOf({ a: tensor("F32", [2], [4, 12]) }, 12), /"a" leaves a hole of 4 bytes/],
        [
          fileOf({ a: tensor("F32", [3], [0, 8]) }, 8),
          /"a": F32 of shape \[3\] takes 12 bytes, its data_offsets hold 8/,
        ],
        [fileOf({ a: tensor("F32", [2 ** 40, 2 ** 40], [0, 8]) }, 8), /"a": F32 of shape/],
        [fileOf({ a: tensor("F32", [-2], [0, 8]) }, 8), /shape is \[-2\]; expected whole numbers from 0/],
        [fileOf({ a: tensor("F32", [0.5], [0, 2]) }, 2), /shape is \[0\.5\]/],
        [
          fileOf(`{"a":{"dtype":"U8","shape":${"[".repeat(1e5)}${"]".repeat(1e5)},"data_offsets":[0,0]}}`, 0),
          /shape is \[\[\[/,
        ],
        [fileOf({ a: tensor("F32", ["2"], [0, 8]) }, 8), /shape is \["2"\]/],
        [fileOf({ a: tensor("F32", 2, [0, 8]) }, 8), /shape is 2/],
        [fileOf({ a: tensor("F8_E4M3", [2], [0, 2]) }, 2), /dtype is "F8_E4M3"; I64, F64/],
        [fileOf({ a: tensor("toString", [2], [0, 2]) }, 2), /dtype is "toString"/],
        [fileOf({ a: tensor("F32", [2], [8, 0]) }, 8), /data_offsets are \[8,0\]/],
        [fileOf({ a: tensor("F32", [2], [0, 8, 8]) }, 8), /data_offsets are \[0,8,8\]/],
        [fileOf({ a: tensor("F32", [2], [0, 1e300]) }, 8), /data_offsets are \[0,1e\+300\]/],
        [fileOf({ a: 7 }, 0), /"a": expected \{dtype, shape, data_offsets\}, found 7/],
        [fileOf({ __metadata__: { step: 1 } }, 0), /__metadata__ is \{"step":1\}; expected an object of strings/],
        [fileOf({ __metadata__: "pt" }, 0), /__metadata__ is "pt"/],
        [fileOf(`${two}"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), /"a" occurs twice in the header/],
        [fileOf(`${two}"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), /"a" occurs twice/],
        [fileOf('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1), /"dtype" occurs twice/],
      ] as [Uint8Array, RegExp][]
    ) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(openSafetensors(path), (error) => {
        assert.ok(error instanceof SafetensorsError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path) && error.message.length < path.length + 400, error.message);
        return true;
      });
    }
    await assert.rejects(openSafetensors(folder), /not a file/);
    await assert.rejects(openSafetensors(`${folder}/absent`), SafetensorsError);
  }));

Deno.test("openSafetensors() reads shapes of a million sizes, of huge ones beside a zero, and of -0", async () => {
  const million = `{"a":{"dtype":"U8","shape":[${"1,".repeat(1e6)}3],"data_offsets":[0,3]}}`;
  const file = await openSafetensorsBytes("million", fileOf(million, 3));
  assert.equal(file.info("a").shape.length, 1_000_001);
  assert.equal((await file.read("a")).byteLength, 3);
  const empty = await openSafetensorsBytes("empty", fileOf({ a: tensor("F64", [2 ** 53 - 1, 0], [0, 0]) }, 0));
  assert.equal((await empty.readF32("a")).length, 0);
  const minus = await openSafetensorsBytes(
    "minus",
    fileOf('{"a":{"dtype":"U8","shape":[-0],"data_offsets":[-0,0]}}', 0),
  );
  assert.deepEqual([minus.info("a").shape, minus.info("a").byteLength], [[0], 0]);
});

Deno.test("openSafetensors() says that a path is no readable file, in the same class of error", () =>
  inFolder(async (folder) => {
    for (const name of ["nul\u0000", "x".repeat(5000), "absent/a"]) {
      await assert.rejects(openSafetensors(`${folder}/${name}`), SafetensorsError);
    }
  }));

Deno.test("openSafetensorsBytes() refuses a file cut off after any of its bytes", async () => {
  const whole = await Deno.readFile(golden);
  // After the header every cut is the same to the reader.
  const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
  for (let length = 0; length < headerEnd + 300; length++) {
    await assert.rejects(
      openSafetensorsBytes("cut", whole.subarray(0, length)),
      /^SafetensorsError: cut: .*(cut off|not JSON)/,
    );
  }
  await assert.rejects(openSafetensorsBytes("cut", whole.subarray(0, -1)), /cut off: the tensors end at byte/);
});

Deno.test("openSafetensorsBytes() gives what openSafetensors() gives, and copies", async () => {
  const bytes = await Deno.readFile(golden);
  const [memory, disk] = [await openSafetensorsBytes("memory", bytes), await openSafetensors(golden)];
  assert.deepEqual(memory.names, disk.names);
  assert.deepEqual(memory.metadata, disk.metadata);
  for (const name of disk.names) assert.deepEqual(await memory.read(name), await disk.read(name));
  const [first] = memory.names.filter((name) => memory.info(name).byteLength > 0);
  const before = await memory.read(first);
  bytes.fill(0);
  assert.deepEqual(before, await disk.read(first));
  disk.close();
  memory.close();
  await assert.rejects(memory.read(first), /closed/);
});

Deno.test("openShards() opens each file of an index once, and closes all when one is bad", async () => {
  const shard = fileOf({ a: tensor("U8", [1], [0, 1]), b: tensor("U8", [1], [1, 2]) }, 2);
  const index = (map: object) => new TextEncoder().encode(JSON.stringify({ weight_map: map }));
  const log: string[] = [];
  const open = async (name: string) => {
    log.push(`open ${name}`);
    const file = await openSafetensorsBytes(name, shard);
    return { ...file, close: () => void log.push(`close ${name}`) };
  };
  const shards = await openShards("f", index({ a: "1.safetensors", b: "2.safetensors" }), open);
  assert.deepEqual([shards.names, log], [["a", "b"], ["open 1.safetensors", "open 2.safetensors"]]);
  shards.close();
  log.length = 0;
  const lies = index({ a: "1.safetensors", b: "1.safetensors", c: "2.safetensors" });
  await assert.rejects(
    openShards("f", lies, open),
    /f\/model\.safetensors\.index\.json: tensor "c" is not in 2\.safetensors/,
  );
  assert.deepEqual(log, ["open 1.safetensors", "open 2.safetensors", "close 1.safetensors", "close 2.safetensors"]);
});

Deno.test("openSafetensors() accepts or refuses a damaged file with one class of error, and reads only inside it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/damaged.safetensors`;
    const whole = await Deno.readFile(golden);
    const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
    const text = new TextDecoder().decode(whole.subarray(8, headerEnd));
    const number = fc.oneof(
      fc.nat(40000),
      fc.constantFrom("-1", "1e400", "9007199254740993", "0.5", "null", "[]", '"1"'),
    );
    const damage = fc.oneof(
      fc.nat(whole.length).map((length) => whole.slice(0, length)),
      fc.array(fc.tuple(fc.nat(headerEnd - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      }),
      fc.tuple(fc.nat(200), number).map(([which, value]) => {
        let seen = 0;
        const header = text.replace(/\d+/g, (digits) => seen++ === which ? String(value) : digits);
        return new Uint8Array([...fileOf(header, 0), ...whole.subarray(headerEnd)]);
      }),
      fc.tuple(fc.nat(text.length), fc.nat(60)).map(([at, count]) =>
        new Uint8Array([...fileOf(text.slice(0, at) + text.slice(at + count), 0), ...whole.subarray(headerEnd)])
      ),
      fc.json().map((json) => fileOf(json, 3)),
      fc.uint8Array({ maxLength: 64 }),
    );
    let accepted = 0, refused = 0;
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        await Deno.writeFile(path, bytes);
        try {
          const file = await openSafetensors(path);
          accepted++;
          let total = 0;
          for (const name of file.names) total += (await file.read(name)).byteLength;
          assert.ok(total < bytes.length);
          file.close();
        } catch (error) {
          assert.ok(error instanceof SafetensorsError, String(error));
          assert.ok(error.message.length < path.length + 600, error.message);
          refused++;
        }
      }),
      { numRuns: 600 },
    );
    assert.ok(refused > 200 && accepted > 4, `${refused} refused, ${accepted} accepted`);
  }));

Deno.test("read() says so when the file was cut off while it was open", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cut.safetensors`;
    await Deno.copyFile(golden, path);
    await Deno.chmod(path, 0o644);
    const file = await openSafetensors(path);
    await Deno.truncate(path, 5000);
    await assert.rejects(file.read("half.source"), /ends at byte 5000: it was cut off/);
    file.close();
  }));
