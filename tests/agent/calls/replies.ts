/** Replies that parsers of tool calls got wrong, with what is to come of them. */
import type { ReplyParserOptions } from "../../../lib/agent/calls/mod.ts";
import { BROKEN_CALLS } from "./broken_calls.ts";
import { fenced, type ReplyCase, tagged } from "./reply_case.ts";

const today = tagged('{"name": "today", "arguments": {}}');
const oslo = '{"name": "weather", "arguments": {"city": "Oslo"}}';
const bezoutNames: ReplyParserOptions = {
  parameterNames: (tool) => tool === "bezout" ? ["a", "b"] : undefined,
};

export const REPLIES: readonly ReplyCase[] = [
  { what: "nothing", reply: "", pieces: [] },
  { what: "plain text", reply: "It is 12.\n", pieces: ["It is 12.\n"] },
  { what: "signs of tags in text", reply: "a < b <tool <b>x</b> </ <", pieces: ["a < b <tool <b>x</b> </ <"] },
  { what: "CRLF and a BOM in text", reply: "\ufeffa\r\nb\r\n", pieces: ["\ufeffa\r\nb\r\n"] },

  // Calls as they should be.
  { what: "a call", reply: tagged(oslo), pieces: ['weather{"city":"Oslo"}'] },
  { what: "a call without white space", reply: `<tool_call>${oslo}</tool_call>`, pieces: ['weather{"city":"Oslo"}'] },
  {
    what: "a call with CRLF and a BOM",
    reply: tagged(`\ufeff${oslo}`).replaceAll("\n", "\r\n"),
    pieces: ['weather{"city":"Oslo"}'],
  },
  { what: "empty arguments", reply: today, pieces: ["today{}"] },
  { what: "no arguments", reply: tagged('{"name": "today"}'), pieces: ["today{}"] },
  { what: "null for no arguments", reply: tagged('{"name": "today", "arguments": null}'), pieces: ["today{}"] },
  { what: "an empty text for no arguments", reply: tagged('{"name": "today", "arguments": ""}'), pieces: ["today{}"] },
  { what: "several calls", reply: `${today}\n${tagged(oslo)}`, pieces: ["today{}", 'weather{"city":"Oslo"}'] },
  { what: "the same call twice", reply: today + today, pieces: ["today{}", "today{}"] },
  {
    what: "several objects between tags",
    reply: tagged(`${oslo}\n{"name": "today"}`),
    pieces: ['weather{"city":"Oslo"}', "today{}"],
  },
  { what: "text before and after", reply: `I look.\n${today}\nDone.`, pieces: ["I look.\n", "today{}", "Done."] },
  { what: "words on both sides", reply: `one ${today}${today} two`, pieces: ["one ", "today{}", "today{}", "two"] },
  { what: "words that white space keeps apart", reply: `one${today} \n two`, pieces: ["one", "today{}", "\ntwo"] },
  {
    what: "a wrong object after one with a tag in a string",
    reply: tagged('{"name": "f", "arguments": {"x": "</tool_call>"}} {"name": "g", "arguments": x}') + "on",
    pieces: ['f{"x":"</tool_call>"}', "!not json g", "on"],
  },
  {
    what: "text in the object after one with a tag in a string",
    reply: tagged('{"name": "f", "arguments": {"x": "</tool_call>"}}, "y"') + "on",
    pieces: ["!not json f", "on"],
  },
  {
    what: "arguments as JSON text",
    reply: tagged(String.raw`{"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}`),
    pieces: ['weather{"city":"Oslo"}'],
  },
  {
    what: "parameters",
    reply: tagged('{"name": "weather", "parameters": {"city": "Oslo"}}'),
    pieces: ['weather{"city":"Oslo"}'],
  },
  {
    what: "the name last",
    reply: tagged('{"arguments": {"city": "Oslo"}, "name": "weather"}'),
    pieces: ['weather{"city":"Oslo"}'],
  },
  {
    what: "an id and a type",
    reply: tagged('{"id": "1", "type": "function", "name": "today", "arguments": {}}'),
    pieces: ["today{}"],
  },
  {
    what: "braces in a string",
    reply: tagged('{"name": "f", "arguments": {"x": "}{ }}\\"}"}}'),
    pieces: ['f{"x":"}{ }}\\"}"}'],
  },
  {
    what: "tags in a string",
    reply: tagged('{"name": "f", "arguments": {"x": "a </tool_call> b <tool_call> <think>"}}'),
    pieces: ['f{"x":"a </tool_call> b <tool_call> <think>"}'],
  },
  {
    what: "apostrophes",
    reply: tagged('{"name": "f", "arguments": {"x": "it\'s \'so\'"}}'),
    pieces: ['f{"x":"it\'s \'so\'"}'],
  },
  {
    what: "escapes",
    reply: tagged(String.raw`{"name": "f", "arguments": {"x": "\"\\\/\n\u00e9\ud83d\ude00"}}`),
    pieces: ['f{"x":"\\"\\\\/\\né😀"}'],
  },
  {
    what: "all of JSON",
    reply: tagged('{"name": "f", "arguments": {"x": [1, -0.5, 2e3, true, false, null, {"y": []}]}}'),
    pieces: ['f{"x":[1,-0.5,2000,true,false,null,{"y":[]}]}'],
  },
  {
    what: "big numbers",
    reply: tagged(
      '{"name": "f", "arguments": {"x": 9007199254740993, "y": -9007199254740991, "z": 1e400, "w": 1e300}}',
    ),
    pieces: ['f{"x":"9007199254740993","y":-9007199254740991,"z":"1e400","w":1e+300}'],
  },
  {
    what: "keys that objects inherit",
    reply: tagged('{"name": "f", "arguments": {"constructor": "Ferrari", "toString": 1, "prototype": {}}}'),
    pieces: ['f{"constructor":"Ferrari","toString":1,"prototype":{}}'],
  },

  // Calls that are put right.
  {
    what: "a lost brace",
    reply: tagged('{"name": "weather", "arguments": {"city": "Oslo"}'),
    pieces: ['weather{"city":"Oslo"} lost brace'],
  },
  {
    what: "two lost braces",
    reply: tagged('{"name": "bezout", "arguments": {"a": [1, 2], "b": 21'),
    pieces: ['bezout{"a":[1,2],"b":21} lost brace'],
  },
  { what: "braces too many", reply: tagged(`${oslo}}}`), pieces: ['weather{"city":"Oslo"} extra brace'] },
  {
    what: "braces too many before another object",
    reply: tagged(`${oslo}} {"name": "today"}`),
    pieces: ['weather{"city":"Oslo"} extra brace', "today{}"],
  },
  {
    what: "a lost closing tag at the end",
    reply: `<tool_call>\n${oslo}\n`,
    pieces: ['weather{"city":"Oslo"} lost closing tag'],
  },
  {
    what: "half a closing tag at the end",
    reply: `<tool_call>\n${oslo}\n</tool_c`,
    pieces: ['weather{"city":"Oslo"} lost closing tag'],
  },
  {
    what: "a lost closing tag before a call",
    reply: `<tool_call>${oslo}\n${today}`,
    pieces: ['weather{"city":"Oslo"} lost closing tag', "today{}"],
  },
  {
    what: "a lost closing tag before text",
    reply: `<tool_call>${oslo}\nI wait. <b>`,
    pieces: ['weather{"city":"Oslo"} lost closing tag', "I wait. <b>"],
  },

  ...BROKEN_CALLS,

  // Tags where they are not calls.
  { what: "a closing tag without a call", reply: "a </tool_call>b</think> c", pieces: ["a b c"] },
  { what: "a tag that comes together", reply: "</tool</tool_call>_call> x", pieces: ["</tool x"] },
  {
    what: "an opening tag that comes together",
    reply: "<tool</think>_call>x",
    pieces: ["<toolx"],
  },
  {
    what: "a tag that is spoken of",
    reply: "Use `<tool_call>` and (\"</tool_call>\") or '<think>'.",
    pieces: ["Use `<tool_call>` and (\"</tool_call>\") or '<think>'."],
  },
  { what: "quotes that only stand by", reply: '<think>I say "no"</think>"Yes"', pieces: ['[I say "no"]', '"Yes"'] },
  {
    what: "a call in a code fence",
    reply: `\`\`\`json\n${today}\n\`\`\`\n`,
    pieces: ["```json\n", "today{}", "```\n"],
  },
  { what: "a tag in other letters", reply: "<Tool_Call>x</Tool_Call>", pieces: ["<Tool_Call>x</Tool_Call>"] },

  // Reasoning.
  { what: "reasoning", reply: "<think>\nFirst,\nthen.\n</think>\n\nYes.", pieces: ["[First,\nthen.\n]", "Yes."] },
  { what: "empty reasoning", reply: "<think>\n\n</think>\n\nYes.", pieces: ["Yes."] },
  {
    what: "a prefilled tag",
    reply: "\nFirst.</think>Yes.",
    options: { startsInReasoning: true },
    pieces: ["[First.]", "Yes."],
  },
  {
    what: "a prefilled tag that is repeated",
    reply: "<think>\nFirst.</think>Yes.",
    options: { startsInReasoning: true },
    pieces: ["[First.]", "Yes."],
  },
  { what: "reasoning in reasoning", reply: "<think>a <think>b</think> c</think> d", pieces: ["[a b]", "c d"] },
  { what: "reasoning that never ends", reply: "<think>a b", pieces: ["[a b]"] },
  { what: "reasoning cut in its closing tag", reply: "<think>a b</thin", pieces: ["[a b]"] },
  { what: "reasoning, a call and text", reply: `<think>a</think>\n${today}\nb`, pieces: ["[a]", "today{}", "b"] },
  { what: "reasoning twice", reply: `<think>a</think>b<think>c</think>d`, pieces: ["[a]", "b", "[c]", "d"] },
  {
    what: "a call that is only thought of",
    reply: `<think>Maybe ${today} then.</think>${tagged(oslo)}`,
    pieces: ['[Maybe \n{"name": "today", "arguments": {}}\n then.]', 'weather{"city":"Oslo"}'],
  },
  {
    what: "a call in reasoning before reasoning that never ends",
    reply: "<think>a <tool_call>b</think>c<think>d",
    pieces: ["[a b]", "c", "[d]"],
  },
  {
    what: "a fence of tool_code in reasoning",
    reply: `<think>${fenced("f()")}</think>on`,
    pieces: [`[${fenced("f()")}]`, "on"],
  },
  {
    what: "a call in reasoning that never ends",
    reply: `<think>So\n<tool_call>{"name": "today"}`,
    pieces: ['[So\n{"name": "today"}]', "!unclosed"],
    says: /write <\/think>/,
  },

  // Python's form.
  { what: "tool_code", reply: fenced('weather(city="Oslo")'), pieces: ['weather{"city":"Oslo"}'] },
  {
    what: "tool_code with CRLF",
    reply: fenced("weather(city='Oslo')").replaceAll("\n", "\r\n"),
    pieces: ['weather{"city":"Oslo"}'],
  },
  {
    what: "tool_code between text",
    reply: `I look.\n${fenced("today()")}\nDone.`,
    pieces: ["I look.\n", "today{}", "Done."],
  },
  {
    what: "tool_code with several calls",
    reply: fenced("today()\n# it's next\nf(x=1); g()"),
    pieces: ["today{}", 'f{"x":1}', "g{}"],
  },
  {
    what: "tool_code with unnamed values",
    reply: fenced("bezout(12, b=21)"),
    options: bezoutNames,
    pieces: ['bezout{"a":12,"b":21}'],
  },
  { what: "tool_code that prints", reply: fenced("print(default_api.today())"), pieces: ["today{}"] },
  {
    what: "tool_code with a fence in a string",
    reply: `${fenced("f(x='```', y=1)")}on`,
    pieces: ['f{"x":"```","y":1}', "on"],
  },
  {
    what: "tool_code with a string without its end",
    reply: "```tool_code\nf(x='a)```\non",
    pieces: ["!not a call f", "on"],
    says: /not closed on its line/,
  },
  {
    what: "tool_code with a string without its end at the reply's end",
    reply: "```tool_code\nf(x='a)``` on",
    pieces: ["!not a call f", "on"],
  },
  {
    what: "tool_code with a fence in a string before one without its end",
    reply: `${fenced("f(x='```', y='a\nb')")}on`,
    pieces: ["!not a call f", "on"],
  },
  {
    what: "tool_code with an expression",
    reply: fenced("today()\nf(x=2*3)\ng()"),
    pieces: ["today{}", "!not a call f"],
    says: /not worked out/,
  },
  { what: "tool_code that is a program", reply: fenced("import os"), pieces: ["!not a call"], says: /nothing is run/ },
  {
    what: "tool_code without a closing fence",
    reply: "```tool_code\ntoday()\nf(x=1)",
    pieces: ["today{}", 'f{"x":1} lost closing tag'],
  },
  { what: "tool_code that was cut", reply: "```tool_code\ntoday()\nf(x=", pieces: ["today{}", "!unclosed f"] },
  { what: "tool_code with nothing in it", reply: "```tool_code\n```", pieces: ["!not a call"], says: /no call/ },
  { what: "tool_code within a line", reply: "Use ```tool_code fences.", pieces: ["Use ```tool_code fences."] },
  { what: "another fence", reply: "```tool_codes\nx\n```\n```py\n", pieces: ["```tool_codes\nx\n```\n```py\n"] },
  {
    what: "a prototype in tool_code",
    reply: fenced("f(x={'__proto__': 1})"),
    pieces: ["!not a call f"],
    says: /__proto__/,
  },
];
