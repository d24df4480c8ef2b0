import assert from "node:assert/strict";
import { availableMemory } from "../../lib/models/available_memory.ts";
import { inFolder } from "../support/in_folder.ts";

Deno.test("availableMemory() is what the machine has to spare where nothing limits the process", () =>
  inFolder(async (folder) => {
    const available = Deno.systemMemoryInfo().available;
    const close = (bytes: number) =>
      assert.ok(bytes > available / 2 && bytes < 2 * available, `${bytes} of ${available}`);
    close(availableMemory(`${folder}/none`));
    await Deno.writeTextFile(`${folder}/memory.max`, "max\n");
    await Deno.writeTextFile(`${folder}/memory.current`, "123456\n");
    close(availableMemory(folder));
  }));

Deno.test("availableMemory() is what is left of a container's limit, in either version of control groups", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/memory.max`, "1000000\n");
    await Deno.writeTextFile(`${folder}/memory.current`, "400000\n");
    assert.equal(availableMemory(folder), 600000);
    await Deno.mkdir(`${folder}/memory`);
    await Deno.writeTextFile(`${folder}/memory/memory.limit_in_bytes`, "500000");
    await Deno.writeTextFile(`${folder}/memory/memory.usage_in_bytes`, "450000");
    assert.equal(availableMemory(folder), 50000);
    await Deno.writeTextFile(`${folder}/memory/memory.usage_in_bytes`, "700000");
    assert.equal(availableMemory(folder), 0);
  }));

Deno.test("availableMemory() counts files that a container has read as free, as far as they can be dropped at once", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/memory.max`, "1000000\n");
    await Deno.writeTextFile(`${folder}/memory.current`, "900000\n");
    await Deno.writeTextFile(
      `${folder}/memory.stat`,
      "anon 200000\nfile 700000\ninactive_file 600000\nactive_file 100000\n",
    );
    assert.equal(availableMemory(folder), 700000);
    await Deno.mkdir(`${folder}/memory`);
    await Deno.writeTextFile(`${folder}/memory/memory.limit_in_bytes`, "500000");
    await Deno.writeTextFile(`${folder}/memory/memory.usage_in_bytes`, "450000");
    await Deno.writeTextFile(`${folder}/memory/memory.stat`, "inactive_file 1\ntotal_inactive_file 150000\n");
    assert.equal(availableMemory(folder), 200000);
    await Deno.writeTextFile(`${folder}/memory.stat`, "damaged");
    assert.equal(availableMemory(folder), 100000);
  }));
