import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPreferences } from "../../lib/train/mod.ts";

const REAL = fileURLToPath(new URL("../../../shared/data/preferences", import.meta.url));
const turn = (role: string, content: string) => ({ role, content });
const CHAT = {
  prompt: [turn("user", "Hello?")],
  chosen: [turn("assistant", "Hello.")],
  rejected: [turn("assistant", "What?")],
};
const LLAMA_FACTORY = { instruction: "Hello?", input: "", chosen: "Hello.", rejected: "What?" };
const SHARE_GPT = {
  conversations: [{ from: "human", value: "Hello?" }],
  chosen: { from: "gpt", value: "Hello." },
  rejected: { from: "gpt", value: "What?" },
};
const TEXTS = { prompt: "Hello? ", chosen: "Hello.", rejected: "What?" };
const WHOLE_CHATS = { chosen: [...CHAT.prompt, ...CHAT.chosen], rejected: [...CHAT.prompt, ...CHAT.rejected] };

async function withFiles(files: Record<string, unknown>, test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
const lines = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");

Deno.test("loadPreferences() reads rows of TRL and of LLaMA-Factory, also mixed in one file", async () => {
  await withFiles({ "rows.jsonl": lines([CHAT, LLAMA_FACTORY, SHARE_GPT, WHOLE_CHATS, TEXTS]) }, async (folder) => {
    const { rows, badRows, files } = await loadPreferences({ source: `${folder}/rows.jsonl` });
    assert.deepEqual(rows, [CHAT, CHAT, CHAT, CHAT, TEXTS]);
    assert.deepEqual([badRows, files], [[], [`${folder}/rows.jsonl`]]);
    // A folder with one file is that file.
    assert.deepEqual((await loadPreferences({ source: folder })).rows, rows);
  });
});

Deno.test("loadPreferences() takes a folder's training files in their order, and shuffles before it limits", async () => {
  const rows = (from: number) => Array.from({ length: 20 }, (_, i) => ({ ...TEXTS, prompt: String(from + i) }));
  const files = {
    "data/train-00000-of-00002.json": rows(0),
    "data/train-00001-of-00002.json": rows(20),
    "data/test.json": [TEXTS],
  };
  await withFiles(files, async (folder) => {
    const prompts = async (options: { limit?: number; shuffleSeed?: number }) =>
      (await loadPreferences({ source: folder, ...options })).rows.map(({ prompt }) => Number(prompt));
    assert.deepEqual(await prompts({}), Array.from({ length: 40 }, (_, i) => i));
    assert.deepEqual(await prompts({ limit: 3 }), [0, 1, 2]);
    const shuffled = await prompts({ limit: 20, shuffleSeed: 1 });
    assert.ok(new Set(shuffled).size === 20 && shuffled.some((row) => row >= 20));
    assert.deepEqual(await prompts({ limit: 20, shuffleSeed: 1 }), shuffled);
  });
});

Deno.test("loadPreferences() names the row that is no pair, or leaves it out and counts it", async () => {
  const text = `${lines([CHAT, { instruction: "Hello?", chosen: "Hello." }])}\n{"broken\n${lines([{ a: 1 }, TEXTS])}`;
  await withFiles({ "rows.jsonl": text }, async (folder) => {
    const source = `${folder}/rows.jsonl`;
    await assert.rejects(
      loadPreferences({ source }),
      /rows\.jsonl, row 2: rejected: .*\(3 of 5 bad; onBadRow: "skip" leaves such rows out\)/,
    );
    const { rows, badRows } = await loadPreferences({ source, onBadRow: "skip" });
    assert.deepEqual(rows, [CHAT, TEXTS]);
    assert.deepEqual(badRows.map(({ row }) => row), [2, 3, 4]);
    assert.match(badRows[1].problem, /not JSON/);
    assert.match(badRows[2].problem, /expected columns "chosen" and "rejected"/);
  });
});

Deno.test("loadPreferences() says what it expects where there is nothing to read", async () => {
  await assert.rejects(
    loadPreferences({ source: "nowhere" }),
    /nowhere does not exist: expected a .jsonl, .json or .parquet file/,
  );
  await withFiles({ "a.json": [TEXTS], "b.json": [TEXTS], "bad.json": [1], "empty.json": [] }, async (folder) => {
    await assert.rejects(loadPreferences({ source: folder }), /found .*a\.json, .*b\.json, .*; name the file/);
    await assert.rejects(
      loadPreferences({ source: `${folder}/bad.json`, onBadRow: "skip" }),
      /row 1: expected an object, got 1 \(1 of 1 bad\)/,
    );
    await assert.rejects(loadPreferences({ source: `${folder}/empty.json` }), /empty\.json: there are no rows/);
    await assert.rejects(loadPreferences({ source: `${folder}/a.json`, limit: -1 }), /limit is -1/);
  });
});

Deno.test("loadPreferences() reads the real pairs of LLaMA-Factory's form", async () => {
  if (!await Deno.stat(REAL).then(() => true, () => false)) {
    return console.log(`skipped: the real preference rows are not at ${REAL}`);
  }
  const { rows, badRows } = await loadPreferences({ source: REAL });
  assert.deepEqual([rows.length, badRows.length], [200, 0]);
  for (const { prompt, chosen, rejected } of rows) {
    assert.ok(typeof prompt !== "string" && typeof chosen !== "string" && typeof rejected !== "string");
    assert.equal(prompt.at(-1)!.role, "user");
    assert.deepEqual([...chosen, ...rejected].map(({ role }) => role), ["assistant", "assistant"]);
  }
});
