import assert from "node:assert/strict";
import { DiskFullError, writeFileAtomic, writeFilesTogether } from "../../lib/files/mod.ts";
import { inFolder } from "../support/in_folder.ts";
import { failingFileSystem } from "./failing_file_system.ts";

/** The text of every file of a folder, by name. */
async function textsIn(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) texts[name] = await Deno.readTextFile(`${folder}/${name}`);
  return texts;
}

async function writeAll(folder: string, files: Record<string, string>): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
}

Deno.test("writeFilesTogether() replaces files of the same names and superseded ones, keeps others, returns fill's value", () =>
  inFolder(async (folder) => {
    const target = `${folder}/some/model`;
    const first = await writeFilesTogether(`${target}/`, async (inside) => {
      await writeAll(inside, { config: "1", "weights-1": "1", "weights-2": "1" });
      return 5;
    });
    assert.equal(first, 5);
    await writeAll(target, { notes: "mine" });
    await writeFilesTogether(target, (inside) => writeAll(inside, { config: "2", weights: "2" }), {
      supersedes: (name) => name.startsWith("weights"),
    });
    assert.deepEqual(await textsIn(target), { config: "2", weights: "2", notes: "mine" });
    assert.deepEqual([...Deno.readDirSync(`${folder}/some`)].map(({ name }) => name), ["model"]);
  }));

Deno.test("writeFilesTogether() leaves the folder as it was when its disk fails at any moment", () =>
  inFolder(async (folder) => {
    const before = { config: "1", weights: "1", extra: "1", notes: "mine" };
    await writeAll(folder, before);
    for (let failAt = 0;; failAt++) {
      const fileSystem = failingFileSystem(failAt);
      const write = writeFilesTogether(folder, async (inside) => {
        for (const name of ["config", "weights"]) await writeFileAtomic(`${inside}/${name}`, "22", { fileSystem });
      }, { fileSystem, supersedes: (name) => name === "extra" });
      try {
        await write;
      } catch (error) {
        assert.ok(error instanceof DiskFullError && error.path.startsWith(folder), String(error));
        assert.ok(!error.message.includes(".partial"), error.message);
        assert.deepEqual(await textsIn(folder), before, `operation ${failAt}`);
        continue;
      }
      assert.ok(failAt > 20, `only ${failAt} operations`);
      break;
    }
    assert.deepEqual(await textsIn(folder), { config: "22", weights: "22", notes: "mine" });
  }));

Deno.test("writeFilesTogether() leaves nothing behind when fill fails, and passes its error on", () =>
  inFolder(async (folder) => {
    const fails = async (inside: string) => {
      await writeAll(inside, { config: "half" });
      throw new Error("no more weights");
    };
    await assert.rejects(writeFilesTogether(`${folder}/new`, fails), /no more weights/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    await writeAll(folder, { config: "1" });
    await assert.rejects(writeFilesTogether(folder, fails), /no more weights/);
    assert.deepEqual(await textsIn(folder), { config: "1" });
  }));
