/** Tokenizers from strangers: what would hang, take all memory, or fail in the midst of a text is refused at once. */
import assert from "node:assert/strict";
import { ChatTemplateError, qwenSplitPattern, Tokenizer, TokenizerError } from "../../lib/tokenizer/mod.ts";
import { patternRisk } from "../../lib/tokenizer/pattern_risk.ts";
import { tinyFiles, tinyJson, tinyTokenizer } from "./tiny.ts";

const json = tinyJson("tokenizer.json");
const model = json.model as { vocab: Record<string, number>; merges: string[][] };

function assertRefused(changes: Record<string, unknown>, message: RegExp): void {
  assert.throws(() => tinyTokenizer({ "tokenizer.json": { ...json, ...changes } }), (error) => {
    assert.ok(error instanceof TokenizerError, String(error));
    assert.match(error.message, message);
    assert.ok(error.message.startsWith("tiny/tokenizer.json: ") && error.message.length < 500, error.message);
    return true;
  });
}

Deno.test("patternRisk() lets the patterns of known tokenizers pass", () => {
  for (
    const pattern of [
      qwenSplitPattern,
      // GPT-2
      String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
      // cl100k, Llama 3
      String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+`,
      // o200k
      String
        .raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
      // Kimi's class intersection
      String.raw`[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}&&[^\p{Han}]]*[\p{Ll}&&[^\p{Han}]]+`,
      // thousands from the right
      String.raw`\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))`,
      String.raw`(?=(\d{3})+(?!\d))`,
      // BLOOM
      String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`,
      String.raw`\s+$`,
      String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_{|}~][A-Za-z]+`,
    ]
  ) assert.equal(patternRisk(pattern), undefined, pattern);
});

Deno.test("patternRisk() says what is wrong with patterns that run forever or need all memory", () => {
  for (
    const [pattern, risk] of [
      ["(a+)+b", /can match the same text in several ways/],
      ["(?:a*)*b", /in several ways/],
      ["(a|a)*b", /in several ways/],
      ["(a|ab|b)*c", /in several ways/],
      ["(\\s|\\p{White_Space})+x", /in several ways/],
      ["(a?){30}a{30}", /in several ways/],
      ["((a{1,2}){5}b)*c", /in several ways/],
      ["(?=(x+x+)+)y", /in several ways/],
      ["([a-z]+)*?1", /in several ways/],
      ["(.*)++x", /in several ways/],
      ["a*a*a*a*a*b", /more than 4 unbounded repetitions in a row/],
      ["a{99999}", /multiply to more than 20000/],
      ["((a{99}){99}){99}", /multiply to more than 20000/],
      ["a".repeat(20_001), /it has 20001 characters/],
      ["(".repeat(200), /nested more than 100 levels/],
    ] as const
  ) assert.match(patternRisk(pattern) ?? "nothing", risk, pattern);
});

Deno.test("Tokenizer refuses a pattern that would run forever, names where it stands, and takes its time with none", () => {
  const split = (pattern: unknown) => ({ type: "Split", pattern, behavior: "Isolated", invert: false });
  assertRefused(
    { pre_tokenizer: split({ Regex: "^(a+)+$" }) },
    /pre_tokenizer\.pattern: the pattern is refused: it repeats/,
  );
  assertRefused({
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits" }, split({ Regex: "(x|x)*y" })] },
  }, /pre_tokenizer\.pretokenizers\.1\.pattern: the pattern is refused/);
  assertRefused({ normalizer: { type: "Replace", pattern: { Regex: "(a*)*b" }, content: "" } }, /normalizer\.pattern/);
  assertRefused({ pre_tokenizer: split({ Regex: "(" }) }, /cannot be used: .*regular expression/i);
  assertRefused(
    { pre_tokenizer: split({}) },
    /pre_tokenizer\.pattern: expected \{"Regex": text\} or \{"String": text\}/,
  );
});

Deno.test("Tokenizer refuses parts of its pipeline that would loop, fail later, or lose text", () => {
  const sequence = (name: string, parts: unknown[]) => ({ type: "Sequence", [name]: parts });
  const replace = (content: string) => ({ type: "Replace", pattern: { String: "a" }, content });
  let deep: unknown = { type: "NFC" };
  for (let i = 0; i < 50_000; i++) deep = sequence("normalizers", [deep]);
  const deepText = JSON.stringify({ ...json, normalizer: null });
  for (
    const [changes, message] of [
      // It would cut off nothing, forever.
      [{ pre_tokenizer: { type: "FixedLength", length: 0 } }, /pre_tokenizer\.length: .*>0/],
      [
        { pre_tokenizer: { type: "Split", pattern: { String: "a" }, behavior: "Isolated", invert: true } },
        /text would vanish/,
      ],
      [{ pre_tokenizer: { type: "Metaspace", replacement: "" } }, /pre_tokenizer\.replacement: expected one character/],
      [{ pre_tokenizer: sequence("pretokenizers", [null]) }, /pretokenizers\.0: expected an object with a type/],
      [{ pre_tokenizer: sequence("pretokenizers", Array(33).fill({ type: "Digits" })) }, /more than 32 parts/],
      [{ pre_tokenizer: sequence("pretokenizers", Array(7).fill({ type: "ByteLevel" })) }, /more than 64 times longer/],
      [
        { normalizer: sequence("normalizers", Array(20).fill(replace("aa"))) },
        /normalizer: .*more than 64 times longer/,
      ],
      [{ normalizer: { type: "Sequence" } }, /normalizer\.normalizers: expected a list/],
      [
        { normalizer: { type: "constructor" } },
        /type "constructor" is not supported; expected one of Sequence, BertNormalizer/,
      ],
      [{ decoder: { type: "Replace", content: "x" } }, /decoder\.pattern: expected/],
      [{ decoder: { type: "Replace", pattern: { String: "" }, content: "x" } }, /decoder\.pattern/],
      [{ post_processor: { type: "TemplateProcessing", single: [] } }, /expected Sequence A exactly once/],
      [
        {
          post_processor: {
            type: "TemplateProcessing",
            single: [{ SpecialToken: { id: "<s>" } }, { Sequence: { id: "A" } }],
          },
        },
        /post_processor: it adds "<s>", which is not in the vocabulary/,
      ],
      [{ post_processor: { type: "BertProcessing" } }, /post_processor\.sep/],
    ] as [Record<string, unknown>, RegExp][]
  ) assertRefused(changes, message);
  const depth = 50_000;
  const nested = '{"type":"Sequence","normalizers":['.repeat(depth) + '{"type":"NFC"}' + "]}".repeat(depth);
  assert.throws(
    () => tinyTokenizer({ "tokenizer.json": deepText.replace('"normalizer":null', `"normalizer":${nested}`) }),
    /TokenizerError: tiny\/tokenizer\.json: normalizer: it is nested more than 8 levels deep/,
  );
});

Deno.test("Tokenizer refuses a vocabulary that would lose text or give one token two ids", () => {
  const withModel = (changes: object) => ({ model: { ...model, ...changes } });
  const long = "x".repeat(5000);
  for (
    const [changes, message] of [
      [withModel({ unk_token: "<unk>" }), /model\.unk_token is "<unk>", which is not in the vocabulary/],
      [withModel({ unk_token: 3 }), /model\.unk_token/],
      [withModel({ continuing_subword_prefix: "##" }), /a prefix of continuing tokens is not supported/],
      [withModel({ end_of_word_suffix: {} }), /model\.end_of_word_suffix/],
      [withModel({ vocab: { ...model.vocab, "\ud83d": 999 } }), /token "\\ud83d" is half a character/],
      [withModel({ vocab: { ...model.vocab, [long]: -1 } }), /token "x+\.\.\. has id -1/],
      [{ added_tokens: [{ id: 999, content: "a" }] }, /token "a" has two ids, \d+ and 999; expected one/],
    ] as [Record<string, unknown>, RegExp][]
  ) assertRefused(changes, message);
});

Deno.test("Tokenizer reads merges in both forms, also in one file", () => {
  const text = "the cat sat on the mat";
  const ids = tinyTokenizer().encode(text);
  const mixed = model.merges.map((merge, i) => i % 2 === 0 ? merge : merge.join(" "));
  const tokenizer = tinyTokenizer({ "tokenizer.json": { ...json, model: { ...model, merges: mixed } } });
  assert.deepEqual(tokenizer.encode(text), ids);
});

Deno.test("Tokenizer refuses an end token that is the id of no token", () => {
  const holes = { ...json, added_tokens: [...json.added_tokens as object[], { id: 500, content: "far" }] };
  const changes = { "tokenizer.json": holes, "generation_config.json": { eos_token_id: 400 } };
  assert.throws(() => tinyTokenizer(changes), /generation_config\.json: eos_token_id 400 is the id of no token/);
});

Deno.test("a file whose keys are __proto__ changes no other object", () => {
  const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
  for (const name of ["tokenizer_config.json", "generation_config.json", "special_tokens_map.json"] as const) {
    tinyTokenizer({ [name]: `${evil}}` });
  }
  const vocabulary = JSON.stringify({ ...json, model: { ...model, vocab: { ...model.vocab, HERE: 999 } } });
  const tokenizer = tinyTokenizer({ "tokenizer.json": vocabulary.replace('"HERE"', '"__proto__"') });
  assert.deepEqual([tokenizer.tokenToId("__proto__"), tokenizer.idToToken(999)], [999, "__proto__"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

const turns = [{ role: "user", content: "hi" }, { role: "assistant", content: "ho" }];

Deno.test("applyChatTemplate() ends templates that loop, grow or recurse without end, and names the file", () => {
  for (
    const [template, message] of [
      ["{% for i in range(1000000000) %}x{% endfor %}", /range\(\) of 1000000000 numbers; at most 100000/],
      ["{{ range(0, 1, 0.00000000000000000001) }}", /range\(\) expects whole numbers/],
      [
        "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        /more than 2000000 steps: does it loop without end/,
      ],
      ["{% set x = range(99999) %}{% for i in x %}{% for j in x %}{% endfor %}{% endfor %}", /more than 2000000 steps/],
      ["{% set x = range(99999) %}{% for i in x %}{{ 'a' in x }}{% endfor %}", /more than 2000000 steps/],
      [
        "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
        /a text of more than 16777216 characters/,
      ],
      [
        "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
        /more than 2000000 steps/,
      ],
      ["{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", /refuses this conversation/],
      ["{{ 'a\\nb' | indent(2000000000, true) }}", /it indents by 2000000000; at most 100/],
      ["{{ messages | tojson(indent=2000000000) }}", /it indents by 2000000000; at most 100/],
    ] as const
  ) {
    const tokenizer = tinyTokenizer().withChatTemplate(template);
    assert.throws(() => tokenizer.applyChatTemplate(turns), (error) => {
      assert.ok(error instanceof ChatTemplateError, String(error));
      assert.ok(error.message.startsWith("tiny/chat_template.jinja: the chat template refuses"), error.message);
      assert.match(error.message, message, template);
      return true;
    });
  }
});

Deno.test("applyChatTemplate() renders a long conversation well within its bounds", () => {
  const long = Array.from(
    { length: 1000 },
    (_, i) => ({ role: ["user", "assistant"][i % 2], content: "word ".repeat(200) }),
  );
  assert.ok(tinyTokenizer().applyChatTemplate(long).length > 1e6);
});

Deno.test("a chat template keeps range, strftime_now, raise_exception and the constants of Jinja", () => {
  const render = (template: string) => tinyTokenizer().withChatTemplate(template).applyChatTemplate(turns);
  assert.equal(
    render("{{ range(3) | list }}{{ range(5, 1, -2) | list }}{{ range(2, 2) | length }}"),
    "[0, 1, 2][5, 3]0",
  );
  assert.match(render("{{ strftime_now('%Y') }}"), /^\d{4}$/);
  assert.equal(render("{{ true and True and not false and none is none and None is none }}"), "true");
  assert.throws(() => render("{{ raise_exception('roles must alternate') }}"), /conversation: roles must alternate/);
});

Deno.test("a broken chat template is refused in plain words with its file's name", () => {
  const config = tinyJson("tokenizer_config.json");
  for (const source of ["{% for %}", "{{ 1 +", "{%", "{% if x %}", `{{ ${"(".repeat(20_000)}1 }}`]) {
    const inConfig = { "tokenizer_config.json": { ...config, chat_template: source } };
    assert.throws(() => tinyTokenizer(inConfig), (error) => {
      assert.ok(error instanceof ChatTemplateError);
      assert.match(error.message, /^tiny\/tokenizer_config\.json: the chat template is not valid Jinja: /);
      assert.doesNotMatch(error.message, /Cannot read|call stack/);
      return true;
    });
  }
  const files = tinyFiles().set("chat_template.jinja", new Uint8Array([0x61, 0xff]));
  assert.throws(() => new Tokenizer("tiny", files), /TokenizerError: tiny\/chat_template\.jinja: not UTF-8/);
});
