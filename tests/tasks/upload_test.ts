import assert from "node:assert/strict";
import { readUploadArguments, UploadUsageError } from "../../lib/tasks/upload.ts";
import { historyOf } from "../models/hub_repos.ts";
import { contents, repo, withUploadHub } from "../models/hub_upload_case.ts";
import { WRITE_TOKEN } from "../models/hub_upload_server.ts";

Deno.test("readUploadArguments() reads what is asked for, and says what is wrong", () => {
  const options = { repoType: "model", part: "sft-adapter", revision: "v2", private: true };
  const read = readUploadArguments([
    "a-run",
    "me/it",
    "--private",
    "--revision",
    "v2",
    "--part",
    "sft-adapter",
    "--dry-run",
  ]);
  assert.ok(read !== "help");
  assert.deepEqual(JSON.parse(JSON.stringify(read)), { source: "a-run", repo: "me/it", isDryRun: true, options });
  assert.equal(readUploadArguments(["--help"]), "help");
  const refused: [string[], RegExp][] = [
    [[], /what is to be uploaded/],
    [["a"], /where to\? give owner\/name/],
    [["a", "b"], /expected owner\/name, got b/],
    [["a", "b/c", "d"], /d is too much/],
    [["a", "b/c", "--token", "x"], /Unknown option '--token'/],
    [["a", "b/c", "--type", "space"], /expected model or dataset, got space/],
    [["a", "b/c", "--type", "dataset", "--part", "x"], /--part belongs to models/],
    [["a", "b/c", "--message", " "], /expected a text/],
  ];
  for (const [args, message] of refused) {
    assert.throws(() => readUploadArguments(args), { name: "UploadUsageError", message });
  }
  const token = `hf_${"a1B".repeat(11)}`;
  assert.throws(() => readUploadArguments(["a", token]), (error: Error) => {
    assert.match(error.message, /set it as HF_TOKEN, and revoke this one/);
    return error instanceof UploadUsageError && !error.message.includes(token);
  });
});

Deno.test(
  "deno task upload lists, sends and never shows the token",
  withUploadHub(async (hub, folder, { endpoint }) => {
    const task = async (args: string[], token = WRITE_TOKEN, env: Record<string, string> = {}) => {
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "lib/tasks/upload.ts", folder, repo, ...args],
        env: { HF_TOKEN: token, HF_ENDPOINT: endpoint, NO_COLOR: "1", ...env },
      });
      const { code, stdout, stderr } = await command.output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.ok(token === "" || !`${out}${err}`.includes(token));
      return { code, out, err };
    };
    const dry = await task(["--dry-run"], "");
    assert.equal(dry.code, 0, dry.err);
    assert.match(dry.out, /^6 files, 230 kB\n[^]*\nmodel\.safetensors +200 kB\n[^]*nothing was sent/);
    assert.equal(hub.seen.length, 0);

    const none = await task([], "");
    assert.deepEqual([none.code, none.err.split(":")[0]], [1, "deno task upload"]);
    assert.match(none.err, /needs a token that may write/);
    const wrong = await task([], "hf_somebody");
    assert.match(wrong.err, /does not know the token in HF_TOKEN/);
    assert.equal((await task(["--nonsense"])).code, 2);

    const done = await task(["--private", "--message", "By the task"]);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /uploaded to http.*\/Kiln\/run: 6 in the commit, 2 of them sent to the storage/);
    const there = hub.repos.get(`models/${repo}`)!;
    assert.deepEqual([there.private, historyOf(there, "main").at(-1)], [true, "By the task"]);
    assert.deepEqual(
      [...there.commits.get(there.refs.get("main")!)!.files.keys()].sort(),
      [".gitattributes", ...Object.keys(contents)].sort(),
    );
    assert.match((await task([])).out, /nothing had changed/);

    // The same by a proxy.
    const asked: string[] = [];
    const proxy = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async ({ url, method, headers, body }) => {
        asked.push(`${method} ${new URL(url).port}`);
        return await fetch(url, {
          method,
          headers,
          body: body && await new Response(body).bytes(),
          redirect: "manual",
        });
      },
    );
    const HTTP_PROXY = `http://127.0.0.1:${proxy.addr.port}`;
    await Deno.writeFile(`${folder}/model.safetensors`, new Uint8Array(90_000));
    const around = await task([], WRITE_TOKEN, { HTTP_PROXY, http_proxy: HTTP_PROXY, NO_PROXY: "", no_proxy: "" });
    await proxy.shutdown();
    assert.match(around.out, /1 in the commit, 1 of them sent/, around.err);
    assert.equal(asked.filter((each) => each === `PUT ${hub.door.port}`).length, 2);
    assert.ok(asked.includes(`POST ${new URL(endpoint).port}`), asked.join());
    assert.deepEqual(hub.problems, []);
  }),
);
