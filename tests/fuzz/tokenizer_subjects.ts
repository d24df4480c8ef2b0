import assert from "node:assert/strict";
import {
  chatMlTemplate,
  ChatTemplateError,
  renderChat,
  StreamDecoder,
  Tokenizer,
  type TokenizerFileName,
} from "../../lib/tokenizer/mod.ts";
import type { Random } from "../../lib/random/mod.ts";
import { leaked } from "./judge.ts";
import { mutateBytes, oneOf } from "./mutate_bytes.ts";
import { type Json, mutateJson, writeJson } from "./mutate_json.ts";
import type { Input, Subject } from "./subject.ts";
import { hostileTemplates, type SeedFiles, templatePieces, tokenizerSeeds, tokenizerValue } from "./tokenizer_seeds.ts";

const folder = "some/tokenizer";

/** Runs of one kind, for patterns that take their time with them, and some of everything else. */
const probes = [
  "the cat sat at 3.14, isn't it?\n\n  Mask me é 鍵👩‍👧 e\u0301<|im_end|>",
  `${"a".repeat(30)}! ${" ".repeat(30)}x${"1".repeat(30)}\r\n`,
  "\ud83d <0x0A> \u0000\ufeff▁ab",
];

const conversation = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "the cat" },
  { role: "assistant", content: "<think>a</think>at" },
  { role: "user", content: "b" },
  { role: "assistant", content: "c" },
];

/** The seeds as bytes. */
const wholeFiles = new Map(
  tokenizerSeeds.map((seed) => [
    seed,
    Object.entries(seed).map(([name, json]): [TokenizerFileName, Uint8Array] => [
      name as TokenizerFileName,
      encode(writeJson(json!)),
    ]),
  ]),
);

/** A whole tokenizer in which one file is mutated. */
function tokenizerFile(name: TokenizerFileName, share: number): Subject {
  const seeds = tokenizerSeeds.filter((seed) => seed[name] !== undefined);
  return {
    kind: name,
    share,
    make(random) {
      const seed = oneOf(random, seeds);
      if (random.chance(0.02)) return input(seed, name, writeJson(seed[name]!), true);
      const text = mutateJson(seed[name] as Json, random, tokenizerValue);
      return input(seed, name, random.chance(0.1) ? mutateBytes(encode(text), random) : text);
    },
  };
}

const templates: Subject = {
  kind: "chat templates",
  share: 4,
  make(random, index) {
    const template = hostileTemplates[index] ?? mutateTemplate(random);
    return input(oneOf(random, tokenizerSeeds.slice(1)), "chat_template.jinja", template);
  },
};

export const tokenizerSubjects: Subject[] = [
  tokenizerFile("tokenizer.json", 8),
  tokenizerFile("tokenizer_config.json", 2.5),
  tokenizerFile("special_tokens_map.json", 0.5),
  templates,
];

function mutateTemplate(random: Random): string | Uint8Array {
  const seed = oneOf(random, [
    chatMlTemplate,
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}{% if not loop.last %}\n{% endif %}{% endfor %}",
    "{%- set ns = namespace(last=-1) %}{%- for m in messages[::-1] %}{%- set i = (messages|length - 1) - loop.index0 %}" +
    "{%- if ns.last < 0 and m.role == 'user' and m.content is string %}{%- set ns.last = i %}{%- endif %}{%- endfor %}" +
    "{{ ns.last }}{% for m in messages %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}{% endfor %}",
    "{% macro turn(m, end='x') %}[{{ m['role'] }}] {{ m['content'] | upper }}{{ end }}{% endmacro %}" +
    "{% for m in messages %}{{ turn(m, end=eos_token) }}{% endfor %}{{ strftime_now('%Y') }}",
  ]);
  if (random.chance(0.3)) return mutateBytes(encode(seed), random);
  let text = seed;
  for (let left = random.integer(1, 3); left > 0; left--) {
    const at = random.integer(0, text.length);
    const cut = random.chance(0.5) ? random.integer(0, 20) : 0;
    text = text.slice(0, at) + oneOf(random, templatePieces) + text.slice(at + cut);
  }
  return text;
}

function input(seed: SeedFiles, name: TokenizerFileName, contents: string | Uint8Array, isWhole = false): Input {
  return {
    name: folder,
    contents,
    isWhole,
    read() {
      const files = new Map(wholeFiles.get(seed));
      files.set(name, typeof contents === "string" ? encode(contents) : contents);
      const tokenizer = new Tokenizer(folder, files);
      checkTokenizer(tokenizer);
      if (tokenizer.chatTemplate !== undefined) checkTemplate(tokenizer);
    },
  };
}

/** Checks that ids are tokens, that both ways work on any text, and that streaming gives what decoding gives. */
function checkTokenizer(tokenizer: Tokenizer): void {
  const isToken = (id: number) =>
    Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize && tokenizer.idToToken(id) !== undefined;
  for (const id of [tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.padTokenId, ...tokenizer.eosTokenIds]) {
    assert.ok(id === undefined || isToken(id), `special id ${id} is no token`);
  }
  for (let id = 0; id < Math.min(tokenizer.vocabSize, 300); id++) {
    const token = tokenizer.idToToken(id);
    assert.ok(token === undefined || tokenizer.tokenToId(token) === id, `token ${id} has another id`);
  }
  for (const probe of probes) {
    const ids = tokenizer.encode(probe, { addSpecialTokens: true });
    assert.ok(ids.every(isToken), `ids ${ids}`);
    assert.ok(ids.length <= 200 * (probe.length + 3), `${ids.length} ids for ${probe.length} characters`);
    const text = tokenizer.decode(ids);
    const decoder = new StreamDecoder(tokenizer);
    assert.equal(ids.map((id) => decoder.push(id)).join("") + decoder.flush(), text);
    assert.ok(tokenizer.encode(probe, { allowSpecial: false }).every(isToken));
    assert.equal(typeof tokenizer.decode(ids, { skipSpecialTokens: true }), "string");
  }
}

/** A template gives a text, or refuses in words that name its file. */
function checkTemplate(tokenizer: Tokenizer): void {
  try {
    assert.equal(typeof tokenizer.applyChatTemplate(conversation), "string");
    assert.equal(typeof tokenizer.applyChatTemplate(conversation, { continueFinalMessage: true }), "string");
    const { text, ids, assistantMask } = renderChat(tokenizer, conversation.slice(0, 3));
    assert.equal(typeof text, "string");
    assert.equal(ids.length, assistantMask.length);
  } catch (error) {
    // A refusal is an answer; that its words are right is judged here, since the tokenizer itself was read.
    if (!(error instanceof ChatTemplateError)) throw error;
    assert.ok(error.message.length < 2000, `${error.message.length} characters`);
    assert.doesNotMatch(error.message, leaked);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
