import assert from "node:assert/strict";
import { DiskFullError, recoverFolder, writeFileAtomic, writeFolderAtomic } from "../../lib/files/mod.ts";
import { failingFileSystem } from "./failing_file_system.ts";
import { recordingFileSystem } from "./recording_file_system.ts";
import { inFolder } from "../support/in_folder.ts";

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

Deno.test("writeFileAtomic() writes text, bytes and streams, creates the folder and replaces a file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a/b/c.txt`;
    await writeFileAtomic(path, "käse");
    assert.equal(await Deno.readTextFile(path), "käse");
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    assert.deepEqual([...await Deno.readFile(path)], [1, 2, 3]);
    await writeFileAtomic(
      path,
      (async function* () {
        for (let i = 0; i < 3; i++) yield await Promise.resolve(new Uint8Array([i]));
      })(),
    );
    assert.deepEqual([...await Deno.readFile(path)], [0, 1, 2]);
    assert.deepEqual(names(`${folder}/a/b`), ["c.txt"]);
  }));

Deno.test("writeFileAtomic() leaves the old file and no temporary when any operation finds the disk full", () =>
  inFolder(async (folder) => {
    const path = `${folder}/row.txt`;
    for (let failAt = 0;; failAt++) {
      await Deno.writeTextFile(path, "old");
      const fileSystem = failingFileSystem(failAt);
      try {
        await writeFileAtomic(path, "something new", { fileSystem });
        assert.ok(failAt >= 6, `only ${failAt} operations could fail`);
        assert.equal(await Deno.readTextFile(path), "something new");
        break;
      } catch (error) {
        assert.ok(error instanceof DiskFullError, String(error));
        assert.equal(error.bytesNeeded, 13);
        assert.ok(error.message.includes(path) && error.message.includes("13 bytes"), error.message);
        assert.ok(["old", "something new"].includes(await Deno.readTextFile(path)));
        assert.deepEqual(names(folder), ["row.txt"]);
      }
    }
  }));

Deno.test("writeFileAtomic() leaves the old file when the stream throws or the signal aborts", () =>
  inFolder(async (folder) => {
    const path = `${folder}/weights.bin`;
    await Deno.writeTextFile(path, "old");
    const abort = new AbortController();
    async function* chunks(fails: boolean) {
      yield await Promise.resolve(new Uint8Array(10));
      if (fails) throw new RangeError("no such tensor");
      abort.abort();
      yield new Uint8Array(10);
    }
    async function* abortedAtTheEnd(end: AbortController) {
      yield await Promise.resolve(new Uint8Array(10));
      end.abort();
    }
    const late = new AbortController();
    await assert.rejects(writeFileAtomic(path, abortedAtTheEnd(late), { signal: late.signal }), { name: "AbortError" });
    await assert.rejects(writeFileAtomic(path, chunks(true)), RangeError);
    await assert.rejects(writeFileAtomic(path, chunks(false), { signal: abort.signal }), { name: "AbortError" });
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(names(folder), ["weights.bin"]);
  }));

Deno.test("writeFileAtomic() handles a bare name, relative and hidden names", () =>
  inFolder(async (folder) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      for (const path of ["bare.txt", "./dot.txt", ".hidden", "sub/.hidden"]) {
        await writeFileAtomic(path, path);
        assert.equal(await Deno.readTextFile(path), path);
      }
      assert.deepEqual(names("."), [".hidden", "bare.txt", "dot.txt", "sub"]);
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("writeFolderAtomic() creates and replaces a folder, and gives back what fill returned", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint`;
    const result = await writeFolderAtomic(path, async (temporary) => {
      await Deno.writeTextFile(`${temporary}/a`, "1");
      await Deno.mkdir(`${temporary}/deep`);
      await Deno.writeTextFile(`${temporary}/deep/b`, "2");
      return 7;
    });
    assert.equal(result, 7);
    assert.equal(await Deno.readTextFile(`${path}/deep/b`), "2");
    await writeFolderAtomic(`${path}/`, (temporary) => Deno.writeTextFile(`${temporary}/c`, "3"));
    assert.deepEqual(names(path), ["c"]);
    assert.deepEqual(names(folder), ["checkpoint"]);
  }));

Deno.test("writeFolderAtomic() leaves the old folder and no temporary when any operation finds the disk full", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint`;
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/old`, "old");
    for (let failAt = 0;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      try {
        await writeFolderAtomic(path, (to) => writeFileAtomic(`${to}/new`, "new", { fileSystem }), { fileSystem });
        assert.ok(failAt >= 12, `only ${failAt} operations could fail`);
        assert.deepEqual(names(path), ["new"]);
        assert.deepEqual(names(folder), ["checkpoint"]);
        break;
      } catch (error) {
        assert.ok(error instanceof DiskFullError, String(error));
        assert.ok([path, `${path}/new`].includes(error.path), error.path);
        assert.deepEqual(names(folder), ["checkpoint"]);
        assert.ok(["old", "new"].includes(names(path).join()), names(path).join());
        // After the last rename the new folder is in place, although its name may not be flushed: start over.
        await writeFolderAtomic(path, (to) => Deno.writeTextFile(`${to}/old`, "old"));
      }
    }
  }));

Deno.test("recoverFolder() puts back what a crash between the two renames moved away", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint`;
    await Deno.mkdir(`${folder}/.checkpoint.previous`);
    await Deno.writeTextFile(`${folder}/.checkpoint.previous/old`, "old");
    await recoverFolder(path);
    assert.deepEqual(names(path), ["old"]);
    assert.deepEqual(names(folder), ["checkpoint"]);

    // A crash after the second rename: the new one is in place, the old copy goes.
    await Deno.mkdir(`${folder}/.checkpoint.previous`);
    await recoverFolder(path);
    assert.deepEqual(names(path), ["old"]);
    assert.deepEqual(names(folder), ["checkpoint"]);
  }));

Deno.test("writeFileAtomic() flushes what it wrote before it takes the name, and the folder after", () =>
  inFolder(async (folder) => {
    const fileSystem = recordingFileSystem();
    await writeFileAtomic(`${folder}/row.txt`, "new", { fileSystem });
    const temporary = `${folder}/.row.txt.*`;
    assert.deepEqual(fileSystem.log, [
      `write ${temporary}`,
      `sync ${temporary}`,
      `rename ${temporary} to ${folder}/row.txt`,
      `sync ${folder}`,
    ]);
  }));

Deno.test("writeFolderAtomic() flushes every file and folder before the name, and the name before the old folder goes", () =>
  inFolder(async (folder) => {
    const [path, temporary, previous] = [
      `${folder}/checkpoint`,
      `${folder}/.checkpoint.*`,
      `${folder}/.checkpoint.previous`,
    ];
    await Deno.mkdir(path);
    const fileSystem = recordingFileSystem();
    await writeFolderAtomic(path, async (inside) => {
      await Deno.writeTextFile(`${inside}/a`, "1");
      await Deno.mkdir(`${inside}/deep`);
      await Deno.writeTextFile(`${inside}/deep/b`, "2");
    }, { fileSystem });
    const moved = fileSystem.log.indexOf(`rename ${path} to ${previous}`);
    assert.deepEqual(
      fileSystem.log.slice(0, moved).sort(),
      ["", "/a", "/deep", "/deep/b"].map((inside) => `sync ${temporary}${inside}`),
    );
    assert.deepEqual(fileSystem.log.slice(moved), [
      `rename ${path} to ${previous}`,
      `rename ${temporary} to ${path}`,
      `sync ${folder}`,
      `remove ${previous}`,
    ]);
  }));

Deno.test("writeFolderAtomic() names a file inside that finds the disk full by the name that it was to have", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint`;
    // Operation 0 makes the folder; the others are those of the file.
    for (const failAt of [1, 2, 3, 4, 5]) {
      const fileSystem = failingFileSystem(failAt);
      const fill = (inside: string) => writeFileAtomic(`${inside}/weights`, "numbers", { fileSystem });
      await assert.rejects(writeFolderAtomic(path, fill, { fileSystem }), (error: Error) => {
        assert.ok(error instanceof DiskFullError, String(error));
        assert.deepEqual([error.path, error.bytesNeeded], [`${path}/weights`, 7]);
        return true;
      });
      assert.deepEqual(names(folder), []);
    }
  }));
