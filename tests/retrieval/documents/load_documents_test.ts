import assert from "node:assert/strict";
import { dirname } from "node:path";
import { loadDocuments, type LoadDocumentsOptions } from "../../../lib/retrieval/documents/mod.ts";
import { assertSoundDocument } from "./sound_document.ts";

async function inFolder(files: Record<string, string>, run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The sources in order, failures with their kind. */
async function loaded(paths: string | string[], options: LoadDocumentsOptions = {}): Promise<string[]> {
  const sources: string[] = [];
  for await (const { document, failure } of loadDocuments(paths, options)) {
    if (document !== undefined) assertSoundDocument(document);
    sources.push(document?.source ?? `${failure?.source}: ${failure?.kind}`);
  }
  return sources;
}

const files = {
  "b.md": "# B",
  "a/z.txt": "text",
  "a/rows.jsonl": '{"text": "one", "id": "x"}\nbroken\n{"text": "two"}',
  "a-c.html": "<p>page",
  "Zoo.txt": "text",
  "empty.md": "",
  "broken.pdf": "%PDF-1.7 nothing",
  "table.xlsx": "PK\u0003\u0004",
  ".hidden.md": "# hidden",
  ".git/config": "hidden",
  "node_modules/x/README.md": "# not mine",
};

Deno.test("loadDocuments() reads a folder in order, and bad files do not stop it", () =>
  inFolder(files, async (folder) => {
    const progress: string[] = [];
    const onProgress = (done: number, total: number, file: string) => progress.push(`${done}/${total} ${file}`);
    assert.deepEqual(await loaded(folder, { onProgress }), [
      "Zoo.txt",
      "a-c.html",
      "a/rows.jsonl#x",
      "a/rows.jsonl#line 3",
      "a/rows.jsonl: broken",
      "a/z.txt",
      "b.md",
      "broken.pdf: broken",
      "empty.md: empty",
      "table.xlsx: unsupported",
    ]);
    assert.deepEqual(progress.slice(0, 3), ["1/8 Zoo.txt", "2/8 a-c.html", "3/8 a/rows.jsonl"]);
    assert.equal(progress.at(-1), "8/8 table.xlsx");
  }));

Deno.test("loadDocuments() reads files and folders of a list, named from the folder they share", () =>
  inFolder(files, async (folder) => {
    assert.deepEqual(await loaded(`${folder}/b.md`), ["b.md"]);
    assert.deepEqual(await loaded([`${folder}/b.md`, `${folder}/a`, `${folder}/a/z.txt`], { include: ["*.txt"] }), [
      "b.md",
      "a/z.txt",
    ]);
    assert.deepEqual(await loaded([]), []);
  }));

Deno.test("loadDocuments() includes by globs, sets metadata and limits", () =>
  inFolder(files, async (folder) => {
    assert.deepEqual(await loaded(folder, { include: ["*.md", "a/*.txt"] }), ["a/z.txt", "b.md", "empty.md: empty"]);
    assert.deepEqual(await loaded(folder, { include: ["b.md", "Zoo.txt"], maxBytes: 3 }), [
      "Zoo.txt: too large",
      "b.md",
    ]);
    const metadata = (file: string) => ({ topic: file.split("/")[0] });
    for await (const { document } of loadDocuments(folder, { include: ["z.txt"], metadata, untrusted: true })) {
      assert.deepEqual(document?.metadata, { topic: "a" });
      assert.equal(document?.untrusted, true);
    }
  }));

Deno.test("loadDocuments() follows links once and ends in loops", () =>
  inFolder({ "in/a.txt": "text", "in/deep/b.txt": "text", "out/c.txt": "text" }, async (folder) => {
    await Deno.symlink(`${folder}/in`, `${folder}/in/deep/loop`);
    await Deno.symlink(`${folder}/in/a.txt`, `${folder}/in/0.txt`);
    await Deno.symlink(`${folder}/out`, `${folder}/in/outside`);
    await Deno.symlink(`${folder}/nowhere`, `${folder}/in/gone.txt`);
    assert.deepEqual(await loaded(`${folder}/in`), ["a.txt", "deep/b.txt", "gone.txt: unreadable", "outside/c.txt"]);
  }));

const onUnix = { ignore: Deno.build.os === "windows" };

Deno.test(
  "loadDocuments() opens no devices and pipes, which would be read without end",
  onUnix,
  () =>
    inFolder({ "in/a.txt": "text" }, async (folder) => {
      await new Deno.Command("mkfifo", { args: [`${folder}/in/pipe.txt`, `${folder}/pipe`] }).output();
      await Deno.symlink("/dev/zero", `${folder}/in/zero.txt`);
      await Deno.symlink(`${folder}/pipe`, `${folder}/in/linked.txt`);
      assert.deepEqual(await loaded(`${folder}/in`), ["a.txt", "linked.txt: unreadable", "zero.txt: unreadable"]);
    }),
);

Deno.test("loadDocuments() reads names of all kinds", onUnix, () => {
  const names = [
    "100% a.txt",
    "a#b?c.txt",
    "line\nbreak.txt",
    "Übung 漢字 😀.txt",
    "a.b.c.txt",
    "%2e%2e.txt",
    "'\"`.txt",
  ];
  return inFolder(Object.fromEntries(names.map((name) => [name, "text"])), async (folder) => {
    assert.deepEqual((await loaded(folder)).sort(), names.sort());
  });
});

Deno.test("loadDocuments() refuses a path that does not exist, and stops when asked", () =>
  inFolder(files, async (folder) => {
    await assert.rejects(loaded(`${folder}/missing`), { name: "NotFound", message: /missing.*loadDocuments/ });
    const controller = new AbortController();
    const done: string[] = [];
    await assert.rejects(async () => {
      for await (const { document } of loadDocuments(folder, { signal: controller.signal })) {
        done.push(document?.source ?? "");
        controller.abort(new Error("enough"));
      }
    }, /enough/);
    assert.deepEqual(done, ["Zoo.txt"]);
  }));
