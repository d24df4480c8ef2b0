import assert from "node:assert/strict";
import { chatMlTemplate, Tokenizer } from "../../lib/tokenizer/mod.ts";
import {
  type ChatPreference,
  cleanPreferences,
  fromLlamaFactory,
  type PreferenceExample,
  preferenceLengths,
  type PreferenceProblem,
  preparePreferenceDataset,
  readPreferenceRow,
  sampleRejected,
} from "../../lib/train/mod.ts";
import { GOLDEN, goldenJson } from "../support/golden.ts";
import { qwenIsHere, qwenTokenizer } from "../tokenizer/qwen.ts";

const DATA = new URL("../../../shared/data/preferences/train.jsonl", import.meta.url).pathname;
const rowsAreHere = await Deno.stat(DATA).then(() => true, () => false);
if (!rowsAreHere) console.warn(`Tests with real preferences are skipped: ${DATA} is absent.`);

const letters = await Tokenizer.load(`${GOLDEN}sft_variants/tokenizer`);
const END = "<|im_end|>";

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

Deno.test("preparePreferenceDataset() gives the ids of TRL's DPOTrainer for each shape of row", async () => {
  const golden = await goldenJson<{ rows: Record<string, unknown[]>; prepared: Record<string, PreferenceExample[]> }>(
    "dpo/pairs.json",
  );
  assert.deepEqual(Object.keys(golden.rows), ["texts", "chats", "whole_chats"]);
  for (const [shape, rows] of Object.entries(golden.rows)) {
    assert.deepEqual(preparePreferenceDataset(rows, { tokenizer: letters }), golden.prepared[shape], shape);
  }
});

Deno.test("preparePreferenceDataset() ends texts with the end token once, and takes another where one is given", () => {
  const row = { prompt: "go ", chosen: `on${END}`, rejected: "off" };
  const [{ chosenIds, rejectedIds }] = preparePreferenceDataset([row], { tokenizer: letters });
  assert.equal(letters.decode(chosenIds), `on${END}`);
  assert.equal(letters.decode(rejectedIds), `off${END}`);
  const [other] = preparePreferenceDataset([row], { tokenizer: letters, eosToken: "<pad>" });
  assert.equal(letters.decode(other.rejectedIds), "off<pad>");
  assert.throws(() => preparePreferenceDataset([row], { tokenizer: letters, eosToken: "<end>" }), /eosToken "<end>"/);
});

Deno.test("preparePreferenceDataset() names the row that has another shape, and what it has", () => {
  const good = { prompt: "a", chosen: "b", rejected: "c" };
  const wrong: [unknown, RegExp][] = [
    [7, /^Error: row 1: expected an object, got 7/],
    [{ prompt: "a", completion: "b" }, /row 1: expected columns "chosen" and "rejected".*has "prompt", "completion"/],
    [{ instruction: "a", chosen: "b" }, /row 1: .*fromLlamaFactory reads such rows/],
    [{ prompt: "a", chosen: "b", rejected: 3 }, /row 1: rejected: /],
    [{ chosen: "b", rejected: "c" }, /row 1: prompt: /],
    [{ prompt: "", chosen: "b", rejected: "c" }, /row 1: the prompt has no token/],
    [
      { prompt: [user("a")], chosen: [user("b")], rejected: [assistant("c")] },
      /row 1: chosen.0.role: expected "assistant"/,
    ],
    [{ chosen: [assistant("b")], rejected: [assistant("c")] }, /row 1: the chats share no prompt/],
    [
      { chosen: [user("a"), assistant("b")], rejected: [user("x"), assistant("c")] },
      /row 1: the chats share no prompt/,
    ],
    [{ prompt: [user("a")], chosen: [], rejected: [assistant("c")] }, /row 1: chosen: expected at least one message/],
    [
      { prompt: [user("a")], chosen: [assistant("b")], rejected: [assistant("c")], tools: "{" },
      /row 1: tools: expected JSON/,
    ],
  ];
  for (const [row, message] of wrong) {
    assert.throws(() => preparePreferenceDataset([good, row], { tokenizer: letters }), message);
  }
});

Deno.test("readPreferenceRow() takes what two whole chats share for the prompt, up to a turn of the assistant", () => {
  const shared = [user("one"), assistant("two"), user("three")];
  const chosen = [assistant("four")];
  const rejected = [assistant("five"), user("six"), assistant("seven")];
  assert.deepEqual(
    readPreferenceRow({ prompt: "one", chosen: [...shared, ...chosen], rejected: [...shared, ...rejected], score: 3 }),
    { prompt: shared, chosen, rejected },
  );
  // Chats that part in a user's turn go on from the last turn of the assistant before it.
  const parting = readPreferenceRow({
    chosen: [user("one"), assistant("two"), user("a"), assistant("b")],
    rejected: [user("one"), assistant("two"), user("c"), assistant("d")],
  });
  assert.deepEqual(parting.prompt, [user("one")]);
  const same = readPreferenceRow({
    chosen: [user("one"), assistant("two")],
    rejected: [user("one"), assistant("two")],
  });
  assert.deepEqual(same, { prompt: [user("one")], chosen: [assistant("two")], rejected: [assistant("two")] });
});

Deno.test("fromLlamaFactory() reads instructions with inputs, systems and histories, and conversations", () => {
  assert.deepEqual(
    fromLlamaFactory([
      {
        instruction: "Add.",
        input: "1 and 2",
        chosen: "3",
        rejected: "4",
        system: "Be exact.",
        history: [["Hi", "Hello"]],
      },
      { instruction: "Wave.", input: "", chosen: "*waves*", rejected: "no" },
      {
        conversations: [{ from: "system", value: "s" }, { from: "human", value: "q" }],
        chosen: { from: "gpt", value: "good" },
        rejected: { from: "gpt", value: "bad" },
      },
    ]),
    [
      {
        prompt: [{ role: "system", content: "Be exact." }, user("Hi"), assistant("Hello"), user("Add.\n1 and 2")],
        chosen: [assistant("3")],
        rejected: [assistant("4")],
      },
      { prompt: [user("Wave.")], chosen: [assistant("*waves*")], rejected: [assistant("no")] },
      {
        prompt: [{ role: "system", content: "s" }, user("q")],
        chosen: [assistant("good")],
        rejected: [assistant("bad")],
      },
    ],
  );
  assert.throws(() => fromLlamaFactory([{ instruction: "a", chosen: "b" }]), /row 0: rejected/);
  const stranger = { from: "bird", value: "tweet" };
  assert.throws(
    () => fromLlamaFactory([{ conversations: [stranger], chosen: stranger, rejected: stranger }]),
    /row 0: from "bird": expected one of human/,
  );
});

Deno.test("cleanPreferences() leaves rows out by what is wrong with them, counts them and tells of each", () => {
  const good = { prompt: "What is it?", chosen: "It is a long answer.", rejected: "It is a bad answer." };
  const chats = {
    prompt: [user("What is it?")],
    chosen: [assistant("It is another answer.")],
    rejected: [assistant("It is a bad answer.")],
  };
  const rows: [unknown, PreferenceProblem | null][] = [
    [good, null],
    [{ ...good, prompt: "  " }, "empty_prompt"],
    [{ ...good, chosen: " \n" }, "empty_chosen"],
    [{ ...good, rejected: "" }, "empty_rejected"],
    [{ ...chats, rejected: [{ role: "assistant", content: null }] }, "empty_rejected"],
    [{ ...good, rejected: "No." }, "too_short"],
    [{ ...good, rejected: " It is a  long\nanswer." }, "identical"],
    [{ ...good, prompt: "What is  it? ", note: "again" }, "duplicate"],
    [{ ...good, prompt: "Which is it?" }, null],
    [chats, null],
    [chats, "duplicate"],
    [
      { chosen: [user("a"), assistant("the same answer")], rejected: [user("a"), assistant("the same answer")] },
      "identical",
    ],
    [{
      ...chats,
      rejected: [{ role: "assistant", tool_calls: [{ function: { name: "look", arguments: { at: "it" } } }] }],
    }, null],
  ];
  const told: [number, PreferenceProblem][] = [];
  const cleaned = cleanPreferences(rows.map(([row]) => row), {
    onRemoved: ({ index, problem }) => told.push([index, problem]),
  });
  assert.deepEqual(told, rows.flatMap(([, problem], index) => problem === null ? [] : [[index, problem]]));
  assert.equal(cleaned.rows.length, rows.filter(([, problem]) => problem === null).length);
  assert.deepEqual(cleaned.removed, {
    ...{ empty_prompt: 1, empty_chosen: 1, empty_rejected: 2, too_short: 1, identical: 2, duplicate: 2 },
  });
  assert.equal(cleanPreferences([{ ...good, rejected: "No." }], { minCompletionLength: 3 }).rows.length, 1);
  assert.throws(() => cleanPreferences([good, { prompt: "a" }]), /row 1: expected columns/);
  assert.throws(() => cleanPreferences([], { minCompletionLength: -1 }), /minCompletionLength/);
});

Deno.test("preferenceLengths() counts tokens, and how often the chosen completion is the longer one", () => {
  const ids = (count: number) => new Array(count).fill(5);
  const lengths: [number, number, number][] = [[1, 2, 3], [2, 4, 3], [3, 6, 6], [10, 8, 1]];
  const pairs = lengths.map(([p, c, r]) => ({ promptIds: ids(p), chosenIds: ids(c), rejectedIds: ids(r) }));
  assert.deepEqual(preferenceLengths(pairs, { maxLength: 9 }), {
    pairs: 4,
    prompt: { min: 1, mean: 4, median: 2, p95: 10, max: 10 },
    chosen: { min: 2, mean: 5, median: 4, p95: 8, max: 8 },
    rejected: { min: 1, mean: 3.25, median: 3, p95: 6, max: 6 },
    chosenLongerShare: 0.5,
    longerThanMax: 1,
  });
  assert.throws(() => preferenceLengths([]), /no pairs/);
});

Deno.test("sampleRejected() puts what a sampler writes beside the good answers", async () => {
  const rows = ["a", "b", "c"].map((name) => ({ prompt: [user(name)], chosen: [assistant(`good ${name}`)] }));
  const asked: string[] = [];
  const progress: number[] = [];
  const sampled = await sampleRejected(rows, {
    tokenizer: letters,
    samples: 2,
    batchSize: 2,
    sampler: ({ prompts, samples, round }) => {
      asked.push(...prompts.map((ids) => letters.decode(ids)));
      return Promise.resolve(
        prompts.flatMap((_, prompt) =>
          Array.from({ length: samples }, (_, sample) => ({
            tokenIds: letters.encode(`bad ${round} ${prompt} ${sample}${sample === 0 ? END : ""}`),
            terminated: sample === 0,
          }))
        ),
      );
    },
    onProgress: (done) => progress.push(done),
  });
  assert.equal(asked.length, 3);
  assert.ok(asked.every((text) => text.includes("assistant")), asked[0]);
  assert.deepEqual(progress, [2, 3]);
  assert.equal(sampled.truncated, 3);
  assert.deepEqual(sampled.rows[3], {
    prompt: [user("b")],
    chosen: [assistant("good b")],
    rejected: [assistant("bad 0 1 1")],
  });
  assert.equal(sampled.rows[4].rejected[0].content, "bad 1 0 0");
  const broken = sampleRejected(rows, { tokenizer: letters, sampler: () => Promise.resolve([]) });
  await assert.rejects(broken, /the sampler gave 0 completions: expected 1 for each of 3 prompts/);
});

Deno.test(
  "real preferences of LLaMA-Factory are read, cleaned and tokenized, and decode to what they say",
  { ignore: !(rowsAreHere && qwenIsHere) },
  async () => {
    const given = (await Deno.readTextFile(DATA)).split("\n").filter((line) => line.trim() !== "").map((line) =>
      JSON.parse(line)
    );
    const { rows, removed } = cleanPreferences(fromLlamaFactory(given), { minCompletionLength: 1 });
    assert.equal(rows.length + Object.values(removed).reduce((a, b) => a + b), given.length);
    assert.ok(rows.length > 150, JSON.stringify(removed));
    const tokenizer = (await qwenTokenizer()).withChatTemplate(chatMlTemplate);
    const few = rows.slice(0, 40);
    const examples = preparePreferenceDataset(few, { tokenizer });
    examples.forEach(({ promptIds, chosenIds, rejectedIds }, i) => {
      const row = few[i];
      assert.ok(typeof row.prompt !== "string");
      assert.ok(tokenizer.decode(promptIds).endsWith("<|im_start|>assistant\n"), `row ${i}`);
      for (const [ids, messages] of [[chosenIds, row.chosen], [rejectedIds, row.rejected]] as const) {
        const said = ((messages as ChatPreference["chosen"])[0].content as string).normalize("NFC");
        // The template trims a text or not; the end of the turn is there in any case.
        assert.equal(tokenizer.decode(ids).replace(`${END}\n`, "").trim(), said.trim(), `row ${i}`);
        assert.ok(ids.includes(tokenizer.tokenToId(END)!), `row ${i}`);
      }
    });
  },
);
