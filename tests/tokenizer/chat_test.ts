import assert from "node:assert/strict";
import { ChatTemplateError, renderChat, type ToolDefinition } from "../../lib/tokenizer/mod.ts";
import { tinyJson, tinyTokenizer } from "./tiny.ts";

const add: ToolDefinition = {
  type: "function",
  function: { name: "add", description: "Adds", parameters: { type: "object", properties: { a: { type: "number" } } } },
};

const conversation = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "2+2?" },
  {
    role: "assistant",
    content: "<think>\nsum\n</think>",
    tool_calls: [{ function: { name: "add", arguments: '{"a": 2, "b": [2.5, null, "ü"]}' } }],
  },
  { role: "tool", content: "4" },
  { role: "tool", content: "5" },
  { role: "assistant", content: "Four." },
];

const withTemplate = (source: string) => tinyTokenizer().withChatTemplate(source);

/** The texts of the stretches that the mask marks. */
function masked({ ids, assistantMask }: { ids: number[]; assistantMask: Uint8Array }): string[] {
  assert.equal(ids.length, assistantMask.length);
  const stretches: number[][] = [];
  for (const [i, id] of ids.entries()) {
    if (!assistantMask[i]) continue;
    if (!assistantMask[i - 1]) stretches.push([]);
    stretches.at(-1)!.push(id);
  }
  return stretches.map((stretch) => tinyTokenizer().decode(stretch));
}

Deno.test("applyChatTemplate() writes ChatML with tools, tool calls and tool results", () => {
  const text = tinyTokenizer().applyChatTemplate(conversation, { tools: [add] });
  assert.ok(text.startsWith("<|im_start|>system\nBe brief.\n\n"));
  assert.ok(text.includes(
    '<tools>\n{"type": "function", "function": {"name": "add", "description": "Adds", ' +
      '"parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}}\n</tools>\n',
  ));
  assert.ok(text.endsWith(
    "<|im_start|>user\n2+2?<|im_end|>\n" +
      "<|im_start|>assistant\n<think>\nsum\n</think>\n" +
      '<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": [2.5, null, "ü"]}}\n</tool_call><|im_end|>\n' +
      "<|im_start|>user\n<tool_response>\n4\n</tool_response>\n<tool_response>\n5\n</tool_response><|im_end|>\n" +
      "<|im_start|>assistant\nFour.<|im_end|>\n",
  ));
});

Deno.test("applyChatTemplate() has no system turn unless there is a system message or a tool", () => {
  const tokenizer = tinyTokenizer();
  const question = [{ role: "user", content: "hi" }];
  assert.equal(tokenizer.applyChatTemplate(question), "<|im_start|>user\nhi<|im_end|>\n");
  assert.equal(tokenizer.applyChatTemplate(question, { tools: [] }), "<|im_start|>user\nhi<|im_end|>\n");
  assert.equal(
    tokenizer.applyChatTemplate(question, { addGenerationPrompt: true }),
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
  );
  assert.ok(tokenizer.applyChatTemplate(question, { tools: [add] }).startsWith("<|im_start|>system\nYou can call"));
});

Deno.test("applyChatTemplate() leaves the final message open, whether the template trims contents or not", () => {
  const open = [{ role: "user", content: "hi" }, { role: "assistant", content: "<think>\n" }];
  assert.ok(
    tinyTokenizer().applyChatTemplate(open, { continueFinalMessage: true }).endsWith(
      "<|im_start|>assistant\n<think>\n",
    ),
  );
  const trims = withTemplate("{% for m in messages %}[{{ m.role }}] {{ m.content | trim }} [end]\n{% endfor %}");
  assert.equal(trims.applyChatTemplate(open, { continueFinalMessage: true }), "[user] hi [end]\n[assistant] <think>");
  for (
    const [messages, options, message] of [
      [open, { addGenerationPrompt: true }, /exclude each other/],
      [[], {}, /needs a last message whose content is text/],
      [[{ role: "assistant", content: null }], {}, /needs a last message whose content is text/],
    ] as const
  ) {
    assert.throws(
      () => tinyTokenizer().applyChatTemplate(messages, { ...options, continueFinalMessage: true }),
      message,
    );
  }
  const drops = withTemplate("{% for m in messages %}{{ m.role }}{% endfor %}");
  assert.throws(
    () => drops.applyChatTemplate(open, { continueFinalMessage: true }),
    /leaves the last message's text out/,
  );
});

Deno.test("applyChatTemplate() passes special tokens and other variables, and picks the template for tools", () => {
  const config = tinyJson("tokenizer_config.json");
  const chat_template = [
    { name: "default", template: "{{ eos_token }}{{ enable_thinking }}{{ bos_token is defined }}{{ tools is none }}" },
    { name: "tool_use", template: "tools: {{ tools | length }}" },
  ];
  const tokenizer = tinyTokenizer({ "tokenizer_config.json": { ...config, chat_template } });
  assert.equal(tokenizer.applyChatTemplate([], { variables: { enable_thinking: 7 } }), "<|im_end|>7falsetrue");
  assert.equal(tokenizer.applyChatTemplate([], { tools: [add] }), "tools: 1");
  assert.equal(tinyTokenizer({ "chat_template.jinja": "file" }).applyChatTemplate([]), "file");
});

Deno.test("applyChatTemplate() says why when the template is absent, broken, or refuses the messages", () => {
  const error = (message: RegExp) => (error: unknown) =>
    error instanceof ChatTemplateError && message.test(error.message);
  const { chat_template: _, ...config } = tinyJson("tokenizer_config.json");
  const without = tinyTokenizer({ "tokenizer_config.json": config });
  assert.throws(() => without.applyChatTemplate([]), error(/tiny has no chat template: it is probably a base model/));
  assert.equal(without.withChatTemplate("mine").applyChatTemplate([]), "mine");
  assert.throws(() => withTemplate("{% for %}"), error(/not valid Jinja/));
  const refuses = tinyTokenizer();
  assert.throws(
    () => refuses.applyChatTemplate([{ role: "judge", content: "" }]),
    error(/refuses this conversation: .*not judge/),
  );
});

Deno.test("renderChat() marks each assistant turn with its end token and nothing else", () => {
  const tokenizer = tinyTokenizer();
  const rendered = renderChat(tokenizer, conversation, { tools: [add] });
  assert.equal(rendered.text, tokenizer.applyChatTemplate(conversation, { tools: [add] }));
  assert.equal(tokenizer.decode(rendered.ids), rendered.text);
  assert.deepEqual(masked(rendered), [
    '<think>\nsum\n</think>\n<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": [2.5, null, "ü"]}}\n</tool_call><|im_end|>',
    "Four.<|im_end|>",
  ]);
  const none = renderChat(tokenizer, conversation.slice(0, 2));
  assert.ok(none.ids.length > 0 && none.assistantMask.every((value) => value === 0));
});

Deno.test("renderChat() begins with the ids of the generation prompt, also when the answer begins with a line end", () => {
  const tokenizer = tinyTokenizer();
  const question = [{ role: "user", content: "hi" }];
  const prompt = tokenizer.encode(tokenizer.applyChatTemplate(question, { addGenerationPrompt: true }));
  const { ids, assistantMask } = renderChat(tokenizer, [...question, { role: "assistant", content: "\n\n sat" }]);
  assert.deepEqual(ids.slice(0, prompt.length), prompt);
  assert.equal(assistantMask.indexOf(1), prompt.length);
});

Deno.test("renderChat() finds the turns when the template rewrites earlier ones", () => {
  // As Qwen3 does: the reasoning of all but the last turn is dropped.
  const forgetful = withTemplate(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n" +
      "{{ m.content if loop.last else m.content.split('</think>')[-1] }}<|im_end|>\n{% endfor %}" +
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
  );
  const messages = [
    { role: "user", content: "a" },
    { role: "assistant", content: "<think>x</think>first" },
    { role: "user", content: "b" },
    { role: "assistant", content: "<think>y</think>second" },
  ];
  assert.deepEqual(masked(renderChat(forgetful, messages)), ["first<|im_end|>", "<think>y</think>second<|im_end|>"]);
  const reversed = withTemplate(
    "{% for m in messages | reverse %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}",
  );
  assert.throws(
    () => renderChat(reversed, messages),
    /turns cannot be told apart: .*generation prompt ">" does not mark them/,
  );
});

Deno.test("renderChat() marks a turn to its end when the template writes no end token", () => {
  const plain = withTemplate(
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
  );
  const messages = [{ role: "user", content: "a" }, { role: "assistant", content: "b" }, {
    role: "user",
    content: "c",
  }];
  assert.deepEqual(masked(renderChat(plain, messages)), ["b\n"]);
});
