import assert from "node:assert/strict";
import { openCheckpoint, openSafetensorsBytes, openShards, SafetensorsError } from "../../lib/models/safetensors.ts";
import type { Random } from "../../lib/random/mod.ts";
import { mutateBytes, oneOf } from "./mutate_bytes.ts";
import { type Json, mutateJson, RawJson, tellingValue, writeJson } from "./mutate_json.ts";
import { checkFile, fileBytes, keysOfText, keysOfValue, type Layout, randomLayout } from "./safetensors_file.ts";
import type { Input, Subject } from "./subject.ts";

/** Header JSON that lies about its tensors. */
const headers: Subject = {
  kind: "safetensors headers",
  share: 34,
  make(random) {
    const { header, data } = randomLayout(random);
    if (random.chance(0.02)) return fileInput(fileBytes(writeJson(header), data), true);
    const text = random.chance(0.5) ? mutateJson(header, random, layoutValue) : lie(header, data, random);
    return fileInput(fileBytes(text, data));
  },
};

/** Whole files with damaged bytes, cut off, or with a length that lies. */
const files: Subject = {
  kind: "safetensors files",
  share: 22,
  make(random) {
    const { header, data } = randomLayout(random);
    const text = writeJson(header);
    if (random.chance(0.3)) {
      return fileInput(fileBytes(text, data, oneOf(random, lengths)(BigInt(text.length), random)));
    }
    return fileInput(mutateBytes(fileBytes(text, data), random));
  },
};

/** An index that names tensors, files and folders that are not there, or not there only. */
const indexes: Subject = {
  kind: "safetensors indexes",
  share: 9,
  make(random) {
    const { index, shards } = checkpointOf(random);
    const isWhole = random.chance(0.02);
    const text = isWhole ? writeJson(index) : mutateJson(index, random, indexValue);
    const bytes = new TextEncoder().encode(text);
    const damaged = !isWhole && random.chance(0.2) ? mutateBytes(bytes, random) : bytes;
    return {
      name: "folder/model.safetensors.index.json",
      contents: damaged,
      isWhole,
      async read() {
        const opened: string[] = [];
        const checkpoint = await openShards("folder", damaged, async (name) => {
          // deno-lint-ignore no-control-regex -- control characters are what must not come here
          assert.doesNotMatch(name, /[/\\\x00-\x1f]/, "a file outside the folder was asked for");
          opened.push(name);
          const shard = shards.get(name);
          if (shard === undefined) {
            throw new SafetensorsError("folder/model.safetensors.index.json", "there is no such file");
          }
          return await openSafetensorsBytes(`folder/${name}`, shard);
        });
        assert.ok(opened.every((name) => shards.has(name)) && new Set(opened).size === opened.length);
        await checkShards(damaged, shards, checkpoint);
      },
    };
  },
};

/** Folders on disk with one damaged file. */
export function checkpointFolders(folder: string): Subject {
  return {
    kind: "checkpoint folders",
    share: 2,
    make(random) {
      const { index, shards } = checkpointOf(random);
      const damaged = oneOf(random, [...shards.keys()]);
      const target = random.chance(0.5);
      const indexText = target ? mutateJson(index, random, indexValue) : writeJson(index);
      if (!target) shards.set(damaged, mutateBytes(shards.get(damaged)!, random));
      return {
        name: `${folder}/`,
        contents: target ? indexText : shards.get(damaged)!,
        async read() {
          for (const [name, bytes] of shards) Deno.writeFileSync(`${folder}/${name}`, bytes);
          Deno.writeTextFileSync(`${folder}/model.safetensors.index.json`, indexText);
          const checkpoint = await openCheckpoint(folder);
          try {
            await checkShards(new TextEncoder().encode(indexText), shards, checkpoint);
          } finally {
            checkpoint.close();
          }
        },
      };
    },
  };
}

export const safetensorsSubjects: Subject[] = [headers, files, indexes];

function fileInput(bytes: Uint8Array, isWhole = false): Input {
  return {
    name: "fuzz.safetensors",
    contents: bytes,
    isWhole,
    async read() {
      const file = await openSafetensorsBytes("fuzz.safetensors", bytes);
      await checkFile(file, bytes);
      file.close();
    },
  };
}

/** What a length field may claim. */
const lengths: ((right: bigint, random: Random) => bigint)[] = [
  (right, random) => right + BigInt(random.integer(1, 20)),
  (right, random) => right - BigInt(random.integer(1, 20)),
  () => 0n,
  () => 100_000_000n,
  () => 100_000_001n,
  () => 1n << 40n,
  () => 1n << 53n,
  () => 1n << 63n,
  () => -1n,
  (right) => right << 8n,
  (right) => right << 32n,
];

function layoutValue(random: Random): Json {
  return random.chance(0.3)
    ? oneOf<Json>(random, ["F8_E4M3", "f32", "F32", "U8", "BOOL", "F64", "U64"])
    : tellingValue(random);
}

function indexValue(random: Random): Json {
  const names = [
    "../b.safetensors",
    "/etc/passwd",
    "..\\b.safetensors",
    "b.safetensors\u0000",
    ".safetensors",
    "...safetensors",
    "a.safetensors",
    "b.safetensors",
    "c.safetensors",
    `${"x".repeat(300)}.safetensors`,
    "file:///a.safetensors",
  ];
  return random.chance(0.7) ? oneOf(random, names) : tellingValue(random);
}

/** One lie about where tensors lie or how large they are. */
function lie(header: Layout["header"], data: Uint8Array, random: Random): string {
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  if (names.length === 0) return `${writeJson(header)}${oneOf(random, ["", " ", "}", "\u0000", ",{}"])}`;
  const name = oneOf(random, names);
  const entry = header[name] as { shape: number[]; data_offsets: [number, number] };
  const [begin, end] = entry.data_offsets;
  const off = random.integer(1, 5);
  const lies: (() => Record<string, Json>)[] = [
    () => ({ data_offsets: [end, begin] }),
    () => ({ data_offsets: [begin + off, end + off] }),
    () => ({ data_offsets: [begin - off, end - off] }),
    () => ({ data_offsets: [begin, end + off] }),
    () => ({ data_offsets: [begin, end, end] }),
    () => ({ data_offsets: [new RawJson(`${begin}.0`), new RawJson(`${end}e0`)] }),
    () => ({ data_offsets: [begin, data.length] }),
    () => ({ data_offsets: [2 ** 53 - 8, 2 ** 53 - 8 + end - begin] }),
    () => ({ shape: [...entry.shape, off] }),
    () => ({ shape: [...entry.shape, 0] }),
    () => ({ shape: [...entry.shape, 1] }),
    () => ({ shape: [2 ** 40, 2 ** 40, 0] }),
    () => ({ shape: [2 ** 26, 2 ** 27, 2 ** 11] }),
    () => ({ shape: [new RawJson("-0")] }),
    () => ({ shape: new RawJson(`[${"1,".repeat(random.chance(0.002) ? 1_000_000 : 50)}${end - begin}]`) }),
    () => ({ shape: entry.shape.toReversed() }),
    () => ({ dtype: oneOf(random, ["I64", "F32", "BF16", "U8", "I8"]) }),
  ];
  return writeJson({ ...header, [name]: { ...(entry as Record<string, Json>), ...oneOf(random, lies)() } });
}

/** An index and its two files. */
function checkpointOf(random: Random) {
  const shards = new Map<string, Uint8Array>();
  const weight_map: Record<string, string> = {};
  for (const name of ["a.safetensors", "b.safetensors"]) {
    const { header, data } = randomLayout(random);
    header.shared = { dtype: "U8", shape: [0], data_offsets: [0, 0] };
    shards.set(name, fileBytes(writeJson(header), data));
    for (const tensor of Object.keys(header)) if (tensor !== "__metadata__") weight_map[tensor] = name;
  }
  // A tensor that both files have is read from the one that the index names.
  for (const [tensor, name] of Object.entries(weight_map)) {
    if (tensor !== "shared" && name === "b.safetensors" && random.chance(0.1)) delete weight_map[tensor];
  }
  return { index: { metadata: { total_size: 0 }, weight_map } as Json, shards };
}

async function checkShards(
  index: Uint8Array,
  shards: ReadonlyMap<string, Uint8Array>,
  checkpoint: Awaited<ReturnType<typeof openShards>>,
): Promise<void> {
  const text = new TextDecoder().decode(index);
  const json: { weight_map: Record<string, string> } = JSON.parse(text);
  assert.equal(keysOfText(text), keysOfValue(json), "a key stands twice");
  const { weight_map } = json;
  assert.deepEqual([...checkpoint.names].sort(), Object.keys(weight_map).sort());
  for (const [name, fileName] of Object.entries(weight_map)) {
    const file = await openSafetensorsBytes(fileName, shards.get(fileName)!);
    assert.deepEqual(checkpoint.info(name), file.info(name));
    assert.deepEqual(await checkpoint.read(name), await file.read(name));
  }
}
