import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileAtomic, writeFilesTogether, writeFolderAtomic } from "../../lib/files/mod.ts";
import { inFolder } from "../support/in_folder.ts";
import { Crash, crashingFileSystem } from "./crashing_file_system.ts";

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

const FILES = new URL("../../lib/files/mod.ts", import.meta.url).href;

/** A process that has written half of `folder`/checkpoint.bin, until it is killed. */
async function halfWriter(folder: string): Promise<{ kill(): Promise<void> }> {
  const script = `${folder}/half_writer.ts`;
  await Deno.writeTextFile(
    script,
    `import { writeFileAtomic } from ${JSON.stringify(FILES)};
    await writeFileAtomic(${JSON.stringify(`${folder}/checkpoint.bin`)}, (async function* () {
      yield new Uint8Array(1000);
      console.log("half");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    })());`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const said = await reader.read();
  await reader.cancel();
  await Deno.remove(script);
  assert.equal(new TextDecoder().decode(said.value), "half\n");
  return {
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

Deno.test("writeFileAtomic() removes what killed processes left of the file, and not what a living one is writing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint.bin`;
    const [killed, living] = [await halfWriter(folder), await halfWriter(folder)];
    try {
      assert.equal(names(folder).length, 2);
      await killed.kill();
      await writeFileAtomic(`${folder}/other.bin`, "not the same file");
      assert.equal(names(folder).length, 3);
      await writeFileAtomic(path, "whole");
      const left = names(folder);
      assert.equal(left.length, 3, left.join());
      assert.match(left[0], /^\.checkpoint\.bin\..*\.partial$/);
    } finally {
      await living.kill();
    }
    await writeFileAtomic(path, "whole");
    assert.deepEqual(names(folder), ["checkpoint.bin", "other.bin"]);
  }));

Deno.test("writeFileAtomic() removes another machine's temporary after a day, and its own process number's from before", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.txt`;
    // Ours: the machine's part of the name is the same for all files.
    let ours = "";
    await writeFileAtomic(
      path,
      (async function* () {
        [ours] = names(folder);
        yield await Promise.resolve(new Uint8Array(1));
      })(),
    );
    const host = /^\.a\.txt\.([0-9a-f]{8})-/.exec(ours)![1];
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const make = async (name: string, hours: number) => {
      await Deno.writeTextFile(`${folder}/${name}`, "half");
      await Deno.utime(`${folder}/${name}`, hoursAgo(hours), hoursAgo(hours));
    };
    await make(".a.txt.00000000-1-00000000.partial", 25);
    await make(".a.txt.00000001-1-00000000.partial", 23);
    await make(`.a.txt.${host}-${Deno.pid}-00000000.partial`, 1);
    await make(`.a.txt.${host}-${Deno.pid}-00000001.partial`, 0);
    await make(".a.txt.notes.partial", 1000);
    await make(".a.txt.b.00000000-1-00000000.partial", 1000);
    await writeFileAtomic(path, "new");
    assert.deepEqual(
      names(folder),
      [
        ".a.txt.00000001-1-00000000.partial",
        `.a.txt.${host}-${Deno.pid}-00000001.partial`,
        ".a.txt.b.00000000-1-00000000.partial",
        ".a.txt.notes.partial",
        "a.txt",
      ].sort(),
    );
  }));

Deno.test("writeFileAtomic() leaves the temporary of a process that it has no right to ask after", () =>
  inFolder(async (folder) => {
    // Without the right to know the machine's name it is that of all who have not.
    const host = createHash("sha256").update("").digest("hex").slice(0, 8);
    const temporary = `.a.txt.${host}-${Deno.pid}-00000000.partial`;
    await Deno.writeTextFile(`${folder}/${temporary}`, "half");
    const script = `import { writeFileAtomic } from ${JSON.stringify(FILES)};
      await writeFileAtomic(${JSON.stringify(`${folder}/a.txt`)}, "whole");`;
    await Deno.writeTextFile(`${folder}/writer.ts`, script);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--allow-read", "--allow-write", `${folder}/writer.ts`],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual(names(folder), [temporary, "a.txt", "writer.ts"]);
  }));

/** Makes the temporaries of this process look like those of an earlier one. */
async function age(folder: string): Promise<void> {
  const before = new Date(performance.timeOrigin - 60_000);
  for (const name of names(folder)) {
    if (name.endsWith(".partial")) await Deno.utime(`${folder}/${name}`, before, before);
  }
}

Deno.test("writeFolderAtomic() leaves no temporary behind after being killed anywhere and called again", () =>
  inFolder(async (folder) => {
    const path = `${folder}/checkpoint`;
    const fill = (text: string) => (inside: string) => Deno.writeTextFile(`${inside}/weights`, text);
    let leftovers = 0;
    for (let killAt = 0;; killAt++) {
      await writeFolderAtomic(path, fill("old"));
      const fileSystem = crashingFileSystem(killAt);
      try {
        await writeFolderAtomic(path, fill("new"), { fileSystem });
        assert.ok(killAt >= 6, `only ${killAt} operations`);
        break;
      } catch (error) {
        assert.ok(error instanceof Crash, String(error));
      }
      leftovers += names(folder).filter((name) => name.startsWith(".")).length;
      await age(folder);
      await writeFolderAtomic(path, fill("newer"));
      assert.equal(await Deno.readTextFile(`${path}/weights`), "newer");
      assert.deepEqual(names(folder), ["checkpoint"], `killed at ${killAt}`);
    }
    assert.ok(leftovers > 0, "no kill left anything behind");
  }));

Deno.test("writeFilesTogether() clears away what a killed call left only when its files are in place", () =>
  inFolder(async (folder) => {
    const write = (text: string, killAt = Infinity) =>
      writeFilesTogether(folder, async (inside) => {
        await Deno.writeTextFile(`${inside}/config`, text);
        await Deno.writeTextFile(`${inside}/weights`, text);
      }, { fileSystem: crashingFileSystem(killAt) });
    await Deno.writeTextFile(`${folder}/notes`, "mine");
    let movedAway = 0;
    for (let killAt = 0;; killAt++) {
      await write("old");
      try {
        await write("new", killAt);
        break;
      } catch (error) {
        assert.ok(error instanceof Crash, String(error));
      }
      if (!names(folder).includes("weights")) movedAway++;
      await age(folder);
      await assert.rejects(writeFilesTogether(folder, () => Promise.reject(new Error("no weights"))), /no weights/);
      const temporary = names(folder).find((name) => name.endsWith(".partial"));
      if (!names(folder).includes("weights")) {
        assert.equal(await Deno.readTextFile(`${folder}/${temporary}/old/weights`), "old");
      }
      await write("newer");
      assert.deepEqual(names(folder), ["config", "notes", "weights"], `killed at ${killAt}`);
      assert.equal(await Deno.readTextFile(`${folder}/weights`), "newer");
    }
    assert.ok(movedAway > 0, "no kill fell between the renames");
  }));
