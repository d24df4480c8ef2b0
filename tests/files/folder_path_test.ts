import assert from "node:assert/strict";
import { checkFolderPath } from "../../lib/files/mod.ts";
import { inFolder } from "../support/in_folder.ts";

Deno.test("checkFolderPath() gives the folders that are not there yet, and names a file that is in the way", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await checkFolderPath(folder), []);
    assert.deepEqual(await checkFolderPath(`${folder}/a/b`), [`${folder}/a/b`, `${folder}/a`]);
    await Deno.writeTextFile(`${folder}/a`, "mine");
    await assert.rejects(checkFolderPath(`${folder}/a`), /\/a is a file: expected a folder, or a path where one/);
    await assert.rejects(checkFolderPath(`${folder}/a/b/c`), /\/a\/b\/c: .*\/a is a file: expected a folder/);
  }));
