import assert from "node:assert/strict";
import { chatMlTemplate, Tokenizer } from "../../lib/tokenizer/mod.ts";
import { collate, prepareSftDataset, type TokenizedExample } from "../../lib/train/mod.ts";
import { GOLDEN } from "../support/golden.ts";
import { qwenIsHere, qwenTokenizer } from "../tokenizer/qwen.ts";
import { tinyJson, tinyTokenizer } from "../tokenizer/tiny.ts";

const DATA = new URL("../../../shared/data/", import.meta.url).pathname;
const rowsAreHere = await Deno.stat(`${DATA}gsm8k/train.jsonl`).then(() => true, () => false);
if (!rowsAreHere) console.warn(`Tests with GSM8K and medical-o1 are skipped: ${DATA} is absent.`);

const qwen = qwenIsHere ? (await qwenTokenizer()).withChatTemplate(chatMlTemplate) : null;
const letters = await Tokenizer.load(`${GOLDEN}sft_variants/tokenizer`);
const END = "<|im_end|>";

/** Questions and answers of both data sets. */
async function realRows(): Promise<{ question: string; answer: string }[]> {
  const gsm8k = await firstRows<{ question: string; answer: string }>("gsm8k/train.jsonl", 150);
  const medical = await firstRows<{ Question: string; Response: string }>("medical_o1/train.jsonl", 100);
  return [...gsm8k, ...medical.map(({ Question, Response }) => ({ question: Question, answer: Response }))];
}

async function firstRows<Row>(path: string, count: number): Promise<Row[]> {
  const lines = (await Deno.readTextFile(DATA + path)).split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, count).map((line) => JSON.parse(line));
}

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

/** The text of the tokens that are trained, or of those that are not. */
function textOf(tokenizer: Tokenizer, { ids, lossMask }: TokenizedExample, trained: boolean): string {
  return tokenizer.decode(ids.filter((_, token) => lossMask[token] === trained));
}

const real = { ignore: !(qwenIsHere && rowsAreHere) };

Deno.test(
  "prepareSftDataset() trains on real completions and their end token, and on nothing of the prompts",
  real,
  async () => {
    const rows = await realRows();
    const examples = prepareSftDataset(
      rows.map(({ question, answer }) => ({ prompt: `${question}\n`, completion: answer, other: 1 })),
      { tokenizer: qwen! },
    );
    examples.forEach((example, i) => {
      const { question, answer } = rows[i];
      assert.equal(textOf(qwen!, example, true), answer.normalize("NFC") + END, `row ${i}`);
      assert.equal(textOf(qwen!, example, false), `${question.normalize("NFC")}\n`, `row ${i}`);
      assert.equal(example.ids.at(-1), qwen!.eosTokenId);
    });
  },
);

Deno.test(
  "prepareSftDataset() with assistantOnlyLoss trains on real assistants' turns and their end tokens alone",
  real,
  async () => {
    const rows = await realRows();
    const chats = rows.map(({ question, answer }, i) => {
      const next = rows[(i + 1) % rows.length];
      return { messages: [user(question), assistant(answer), user(next.question), assistant(next.answer)] };
    });
    const examples = prepareSftDataset(chats, { tokenizer: qwen!, assistantOnlyLoss: true });
    examples.forEach((example, i) => {
      const [question, answer, next, last] = chats[i].messages.map(({ content }) => content.normalize("NFC"));
      assert.equal(textOf(qwen!, example, true), answer + END + last + END, `row ${i}`);
      const rest = [question, next].map((text) => `<|im_start|>user\n${text}${END}\n<|im_start|>assistant\n\n`).join(
        "",
      );
      assert.equal(textOf(qwen!, example, false), rest, `row ${i}`);
    });
    const whole = prepareSftDataset(chats, { tokenizer: qwen! });
    whole.forEach(({ ids, lossMask }, i) => {
      assert.deepEqual(ids, examples[i].ids);
      assert.ok(lossMask.every(Boolean), "without assistantOnlyLoss a chat is trained as a whole, as in TRL");
    });
  },
);

Deno.test("prepareSftDataset() trains on what follows the prompt of a real chat", real, async () => {
  const rows = (await realRows()).slice(100, 200);
  const pairs = rows.map(({ question, answer }) => ({
    prompt: [user("Hello."), assistant("How can I help?"), user(question)],
    completion: [assistant(answer)],
  }));
  const completions = prepareSftDataset(pairs, { tokenizer: qwen! });
  const turns = prepareSftDataset(pairs, { tokenizer: qwen!, assistantOnlyLoss: true });
  const all = prepareSftDataset(pairs, { tokenizer: qwen!, completionOnlyLoss: false });
  const allTurns = prepareSftDataset(pairs, { tokenizer: qwen!, completionOnlyLoss: false, assistantOnlyLoss: true });
  rows.forEach(({ answer }, i) => {
    const expected = answer.normalize("NFC") + END;
    assert.equal(textOf(qwen!, completions[i], true), `${expected}\n`, "the template's line end as well, as in TRL");
    assert.equal(textOf(qwen!, turns[i], true), expected);
    assert.ok(all[i].lossMask.every(Boolean));
    assert.equal(textOf(qwen!, allTurns[i], true), `How can I help?${END}${expected}`);
    assert.deepEqual(turns[i].ids, completions[i].ids);
  });
});

Deno.test("padding is never trained on, also where it is the end token", real, async () => {
  const rows = (await realRows()).slice(0, 40);
  const examples = prepareSftDataset(
    rows.map(({ question, answer }) => ({ prompt: question, completion: answer })),
    { tokenizer: qwen! },
  );
  const eos = qwen!.eosTokenId!;
  for (const paddingSide of ["left", "right"] as const) {
    const { tokens, wanted } = collate(examples, eos, { paddingSide });
    assert.ok(Array.from(tokens.documents).includes(-1));
    assert.equal(wanted.targets.filter((id) => id === eos).length, examples.length, "one end for each row");
    for (const at of wanted.rows) assert.ok(tokens.documents[at] >= 0 && tokens.documents[at + 1] >= 0);
  }
});

Deno.test("prepareSftDataset() encodes a prompt apart where it would merge with the completion", {
  ignore: !qwenIsHere,
}, () => {
  const [example] = prepareSftDataset([{ prompt: "Hel", completion: "lo" }], { tokenizer: qwen! });
  assert.deepEqual(example.ids, [...qwen!.encode("Hel"), ...qwen!.encode("lo"), qwen!.eosTokenId]);
  assert.notDeepEqual(example.ids, qwen!.encode(`Hello${END}`));
  assert.equal(textOf(qwen!, example, true), `lo${END}`);
});

Deno.test("prepareSftDataset() ends texts once, with the tokenizer's token or another", () => {
  const ids = (rows: unknown[], options = {}) =>
    prepareSftDataset(rows, { tokenizer: letters, ...options }).map((example) => letters.decode(example.ids));
  assert.deepEqual(ids([{ text: "ab" }, { text: `ab${END}` }]), [`ab${END}`, `ab${END}`]);
  assert.deepEqual(ids([{ prompt: "a", completion: `b${END}` }]), [`ab${END}`]);
  assert.deepEqual(ids([{ text: "ab" }], { eosToken: "<pad>" }), ["ab<pad>"]);
  assert.deepEqual(ids([{ body: "ab" }], { datasetTextField: "body" }), [`ab${END}`]);
});

Deno.test("prepareSftDataset() begins texts and prompts with what the tokenizer begins them with, once, and trains no prompt", () => {
  const start = "<|im_start|>";
  const id = tinyTokenizer().tokenToId(start)!;
  const post_processor = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: start, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { [start]: { id: start, ids: [id], tokens: [start] } },
  };
  const tokenizer = tinyTokenizer({ "tokenizer.json": { ...tinyJson("tokenizer.json"), post_processor } });
  const [text, pair, merging] = prepareSftDataset(
    [{ text: "the cat" }, { prompt: "the cat", completion: " sat" }, { prompt: "the ca", completion: "t" }],
    { tokenizer },
  );
  const [cat, sat, ca, t] = ["the cat", " sat", "the ca", "t"].map((part) => tokenizer.encode(part));
  const eos = tokenizer.eosTokenId!;
  assert.notDeepEqual(cat, [...ca, ...t], "prompt and completion would merge");
  assert.deepEqual(text.ids, [id, ...cat, eos]);
  for (const [{ ids, lossMask }, prompt, completion] of [[pair, cat, sat], [merging, ca, t]] as const) {
    assert.deepEqual(ids, [id, ...prompt, ...completion, eos]);
    assert.deepEqual(lossMask, ids.map((_, token) => token > prompt.length));
  }
});

Deno.test("prepareSftDataset() hands a row's tools and template variables to the chat template", () => {
  const tokenizer = letters.withChatTemplate(
    "{{ mood }}{% for tool in tools or [] %}{{ tool.function.name }}{% endfor %}{% for m in messages %}" +
      "{{ m.role + ':' + m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
  );
  const tools = [{ type: "function" as const, function: { name: "tool1" } }];
  const other = [{ type: "function" as const, function: { name: "tool2" } }];
  const messages = [user("a"), assistant("b")];
  const rows = [
    { messages },
    { messages, tools: other },
    { messages, tools: JSON.stringify(other), chat_template_kwargs: { mood: "calm" } },
  ];
  const texts = prepareSftDataset(rows, { tokenizer, tools }).map(({ ids }) => letters.decode(ids));
  const chat = `user:a${END}assistant:b${END}`;
  assert.deepEqual(texts, [`tool1${chat}`, `tool2${chat}`, `calmtool2${chat}`]);
});

Deno.test("prepareSftDataset() names the row and what is wrong with it", () => {
  const good = { text: "a" };
  const cases: [unknown, object, RegExp][] = [
    [7, {}, /row 1: expected an object, got 7/],
    [null, {}, /row 1: expected an object, got null/],
    [{ question: "a" }, {}, /row 1: expected a column "text", .* it has "question"/],
    [{ text: 3 }, {}, /row 1: text: .*expected string/],
    [
      { messages: [{ from: "human", value: "a" }] },
      {},
      /row 1: messages.0.role: .*; rename from and value to role and content/,
    ],
    [{ prompt: "a" }, {}, /row 1: completion: .*expected string/],
    [{ completion: "a" }, {}, /row 1: prompt: .*expected string/],
    [{ prompt: [user("a")], completion: "b" }, {}, /row 1: completion: .*expected array/],
    [{ prompt: [user("a")], completion: [user("b")] }, {}, /row 1: completion.0.role: expected "assistant", .* "user"/],
    [{ messages: [] }, {}, /row 1: messages: expected at least one message/],
    [{ messages: [user("a"), { content: "b" }] }, {}, /row 1: messages.1.role: /],
    [{ messages: [{ role: "user", content: 3 }] }, {}, /row 1: messages.0.content: /],
    [{ messages: [user("a")], tools: "{" }, {}, /row 1: tools: not JSON/],
    [{ messages: [user("a")], tools: '"x"' }, {}, /row 1: tools: .*expected array/],
    [{ prompt: "", completion: "" }, { eosToken: "<pad>" }, /row 1: no token would be trained on/],
  ];
  for (const [row, options, message] of cases) {
    assert.throws(() => prepareSftDataset([good, row], { tokenizer: letters, ...options }), message);
  }
  const only = (row: unknown, options: object) => () => prepareSftDataset([row], { tokenizer: letters, ...options });
  assert.throws(only(good, { completionOnlyLoss: true }), /row 0: completionOnlyLoss needs the columns "prompt"/);
  assert.throws(only({ messages: [user("a")] }, { completionOnlyLoss: true }), /row 0: completionOnlyLoss needs/);
  assert.throws(only(good, { assistantOnlyLoss: true }), /row 0: assistantOnlyLoss needs a chat/);
  const silent = { messages: [user("a"), user("b")] };
  assert.throws(only(silent, { assistantOnlyLoss: true }), /row 0: no token would be trained on/);
  assert.throws(only(good, { eosToken: "<none>" }), /eosToken "<none>" is not a token/);
});
