import assert from "node:assert/strict";
import { scriptedChatModel } from "../../../lib/agent/chat/mod.ts";
import { chatJudge, isJudgeFailure } from "../../../lib/agent/judge/mod.ts";
import { VerdictCache, verdictKey } from "../../../lib/agent/judge/verdict_cache.ts";
import { ANSWER, RIGHT } from "./judge_items.ts";
import { inFolder } from "../../support/in_folder.ts";

const text = JSON.stringify(RIGHT);
const saying = (reply: string, name = "scripted") => scriptedChatModel(() => ({ text: reply }), { name });

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) files.push(...await filesIn(`${folder}/${name}`));
    else files.push(`${folder}/${name}`);
  }
  return files.sort();
}

Deno.test("chatJudge() takes from its folder what was judged before, also by another judge", async () => {
  await inFolder(async (folder) => {
    const cacheFolder = `${folder}/new/judgements`;
    const first = chatJudge({ model: saying(text), cacheFolder });
    assert.deepEqual(await first.judgeAnswers([ANSWER]), [RIGHT]);
    assert.deepEqual(await first.judgeAnswers([ANSWER, ANSWER]), [RIGHT, RIGHT]);
    assert.deepEqual([first.cost.calls, first.cost.cached], [1, 2]);
    const second = chatJudge({ model: scriptedChatModel([]), cacheFolder });
    assert.deepEqual(await second.judgeAnswers([ANSWER]), [RIGHT]);
    assert.deepEqual([second.cost.calls, second.cost.cached, second.cost.promptTokens], [0, 1, 0]);
  });
});

Deno.test("chatJudge() takes nothing from its folder for another model, input, task or prompt", async () => {
  await inFolder(async (cacheFolder) => {
    await chatJudge({ model: saying(text), cacheFolder }).judgeAnswers([ANSWER]);
    const pair = { prompt: ANSWER.question, first: "a", second: "b" };
    const other = chatJudge({ model: saying(text, "another"), cacheFolder });
    await other.judgeAnswers([ANSWER]);
    const same = chatJudge({ model: saying('{"reason": "", "better": "tie"}'), cacheFolder });
    await same.judgePairs([pair]);
    const wrong = chatJudge({ model: saying(text), cacheFolder });
    await wrong.judgeAnswers([{ ...ANSWER, answer: "It is 43." }]);
    const kind = chatJudge({
      model: saying('{"reason": "", "better": "tie"}'),
      cacheFolder,
      pairCriteria: "it is kind.",
    });
    await kind.judgePairs([pair]);
    const costs = [other, same, wrong, kind].map(({ cost }) => [cost.calls, cost.cached]);
    assert.deepEqual(costs, [[1, 0], [2, 0], [1, 0], [2, 0]]);
  });
});

Deno.test("chatJudge() keeps no failures", async () => {
  await inFolder(async (cacheFolder) => {
    const [failed] = await chatJudge({ model: saying("?"), cacheFolder, maxRetries: 0 }).judgeAnswers([ANSWER]);
    assert.ok(isJudgeFailure(failed));
    assert.deepEqual(await filesIn(cacheFolder), []);
    assert.deepEqual(await chatJudge({ model: saying(text), cacheFolder }).judgeAnswers([ANSWER]), [RIGHT]);
  });
});

Deno.test("chatJudge() asks again where a kept file is torn or something else, and mends it", async () => {
  await inFolder(async (cacheFolder) => {
    await chatJudge({ model: saying(text), cacheFolder }).judgeAnswers([ANSWER]);
    const [path] = await filesIn(cacheFolder);
    const whole = await Deno.readTextFile(path);
    const row = JSON.parse(whole);
    const broken = [
      whole.slice(0, whole.length / 2),
      "",
      "null",
      "not json",
      JSON.stringify({ ...row, key: "another" }),
      JSON.stringify({ ...row, verdict: { reason: "", isRight: "yes" } }),
      JSON.stringify({ ...row, verdict: undefined }),
    ];
    for (const contents of broken) {
      await Deno.writeTextFile(path, contents);
      const judge = chatJudge({ model: saying(text), cacheFolder });
      assert.deepEqual(await judge.judgeAnswers([ANSWER]), [RIGHT], contents);
      assert.equal(judge.cost.calls, 1, contents);
      assert.equal(await Deno.readTextFile(path), whole);
    }
  });
});

Deno.test("chatJudge() says that a judgement cannot be kept", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assert.rejects(
      chatJudge({ model: saying(text), cacheFolder: `${folder}/file` }).judgeAnswers([ANSWER]),
      /file/,
    );
  });
});

Deno.test("several processes share a folder of judgements", async () => {
  await inFolder(async (cacheFolder) => {
    const script = new URL("./judge_process.ts", import.meta.url).pathname;
    const run = async () => {
      const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", script, cacheFolder] });
      const { success, stdout, stderr } = await command.output();
      assert.ok(success, new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout));
    };
    const counts = await Promise.all([run(), run()]);
    for (const { right } of counts) assert.equal(right, 60);
    const files = await filesIn(cacheFolder);
    assert.equal(files.length, 60);
    for (const path of files) assert.deepEqual(JSON.parse(await Deno.readTextFile(path)).verdict, RIGHT);
  });
});

Deno.test("VerdictCache gives nothing for a key that it does not have", async () => {
  await inFolder(async (folder) => {
    const cache = new VerdictCache(folder);
    const [one, other] = [verdictKey({ a: 1 }), verdictKey({ a: 2 })];
    assert.equal(await cache.read(one), undefined);
    await cache.write(one, { model: "m", task: "t", verdict: [1] });
    assert.deepEqual(await cache.read(one), [1]);
    assert.equal(await cache.read(other), undefined);
  });
});
