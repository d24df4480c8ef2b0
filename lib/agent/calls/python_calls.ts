/** Calls written as Python writes them, read as data: nothing is evaluated. */
import { type JsonObject, MAX_DEPTH } from "./json_object_reader.ts";
import { quoted, toNumber } from "./plain_values.ts";

/** A tool's parameters in the order in which they may be given without names; undefined when it is not known. */
export type ParameterNames = (tool: string) => readonly string[] | undefined;

/** Calls up to the first text that is none. */
export interface PythonCalls {
  calls: { name: string; arguments: JsonObject }[];
  /** Where the text after them begins and what is wrong with it; absent when calls are all there is. */
  wrong?: { at: number; name?: string; problem: string; isUnfinished: boolean };
}

/**
 * Reads calls such as `weather(city="Oslo")`, a line each:
 *
 *     calls  = { call (newline | ";") }
 *     call   = name "(" [ argument { "," argument } [","] ] ")" | "print" "(" call ")"
 *     argument = [ word "=" ] value
 *     value  = string | number | True | False | None | list | tuple | dict
 *
 * Comments are passed over. Of a dotted name the last word is the tool's. Strings have one or two quotes and Python's escapes.
 * There are no expressions, variables, f-strings, triple quotes or nested calls.
 *
 * @param parameterNames Makes values without a name possible.
 */
export function readPythonCalls(text: string, parameterNames: ParameterNames = () => undefined): PythonCalls {
  const reader = new PythonReader(text, parameterNames);
  const calls: PythonCalls["calls"] = [];
  for (;;) {
    reader.skip(BETWEEN_CALLS);
    const start = reader.at;
    if (start === text.length) return { calls };
    try {
      calls.push(reader.statement());
    } catch (error) {
      if (!(error instanceof Misread)) throw error;
      const named = reader.name === undefined ? {} : { name: reader.name };
      const isUnfinished = reader.at >= text.length;
      return { calls, wrong: { at: start, ...named, problem: error.message, isUnfinished } };
    }
  }
}

/** Ends the reading of one call; it never leaves this file. */
class Misread extends Error {}

const BETWEEN_CALLS = " \t\r\n;\ufeff";
const WHITE = " \t\r\n";

class PythonReader {
  at = 0;
  /** Of the call that is being read. */
  name: string | undefined;
  readonly #text: string;
  readonly #parameterNames: ParameterNames;

  constructor(text: string, parameterNames: ParameterNames) {
    this.#text = text;
    this.#parameterNames = parameterNames;
  }

  /** Passes over these characters and over comments. */
  skip(characters: string): void {
    for (; this.at < this.#text.length; this.at++) {
      if (this.#text[this.at] === "#") {
        while (this.at + 1 < this.#text.length && this.#text[this.at + 1] !== "\n") this.at++;
      } else if (!characters.includes(this.#text[this.at])) return;
    }
  }

  /** A call and the end of its line. */
  statement(): { name: string; arguments: JsonObject } {
    this.name = undefined;
    const call = this.#call(true);
    this.skip(" \t\r");
    const next = this.#text[this.at];
    if (next !== undefined && next !== "\n" && next !== ";") {
      throw new Misread(`expected the end of the line after the call, found ${this.#found()}`);
    }
    return call;
  }

  #call(mayPrint: boolean): { name: string; arguments: JsonObject } {
    let name = this.#word();
    while (this.#text[this.at] === ".") {
      this.at++;
      name = this.#word();
    }
    if (name === "") throw new Misread(`expected a call such as weather(city="Oslo"), found ${this.#found()}`);
    this.skip(" \t");
    if (this.#text[this.at] !== "(") {
      throw new Misread(
        `expected ( after ${quoted(name)}, found ${this.#found()}; only calls are read, nothing is run`,
      );
    }
    this.at++;
    if (mayPrint && name === "print") {
      this.skip(WHITE);
      const printed = this.#call(false);
      this.skip(WHITE);
      this.#expect(")");
      return printed;
    }
    this.name = name;
    return { name, arguments: this.#arguments(name) };
  }

  /** What stands between the brackets of a call; the first is read already. */
  #arguments(tool: string): JsonObject {
    const given: JsonObject = Object.create(null);
    let names: readonly string[] | undefined;
    let unnamed = 0;
    let hasNamed = false;
    for (;;) {
      this.skip(WHITE);
      if (this.#takes(")")) return given;
      const start = this.at;
      let key = this.#word();
      this.skip(WHITE);
      if (key !== "" && this.#text[this.at] === "=") {
        this.at++;
        hasNamed = true;
      } else {
        this.at = start;
        names ??= this.#parameterNames(tool);
        if (hasNamed) throw new Misread("a value without a name follows one with a name: write name=value");
        if (names === undefined) throw new Misread(`expected name=value in ${tool}(), found ${this.#found()}`);
        if (unnamed === names.length) throw new Misread(`${tool}() takes no more than ${names.length} values`);
        key = names[unnamed++];
      }
      this.skip(WHITE);
      put(given, key, this.#value(0), `the argument ${quoted(key)}`);
      this.#comma(")");
    }
  }

  #value(depth: number): unknown {
    if (depth === MAX_DEPTH) throw new Misread(`more than ${MAX_DEPTH} lists inside each other`);
    const ch = this.#text[this.at];
    if (ch === '"' || ch === "'") return this.#string();
    if (this.#takes("[")) return this.#list("]", depth);
    if (this.#takes("(")) return this.#list(")", depth);
    if (this.#takes("{")) return this.#dict(depth);
    const start = this.at;
    while (this.at < this.#text.length && isTokenCharacter(this.#text, this.at, start)) this.at++;
    const token = this.#text.slice(start, this.at);
    switch (token) {
      case "True":
      case "true":
        return true;
      case "False":
      case "false":
        return false;
      case "None":
      case "null":
        return null;
    }
    if (NUMBER.test(token)) return toNumber(token.replaceAll("_", "").replace(/^\+/, ""));
    if (token === "") throw new Misread(`expected a value, found ${this.#found()}`);
    throw new Misread(
      `${quoted(token)} is no plain value: expected a string in quotes, a number, True, False, None or a list`,
    );
  }

  #string(): string {
    const quote = this.#text[this.at++];
    if (this.#text.startsWith(quote + quote, this.at)) {
      throw new Misread("triple quotes are not read: use single ones, with \\n for a line break");
    }
    let value = "";
    for (;;) {
      const ch = this.#text[this.at];
      if (ch === undefined || ch === "\n" || ch === "\r") {
        throw new Misread(`a string is not closed on its line: expected ${quote}`);
      }
      this.at++;
      if (ch === quote) return value;
      value += ch === "\\" ? this.#escape() : ch;
    }
  }

  #escape(): string {
    const ch = this.#text[this.at++] ?? "";
    const simple = ESCAPES.get(ch);
    if (simple !== undefined) return simple;
    const digits = DIGITS.get(ch);
    if (digits === undefined) {
      this.at -= ch.length;
      return "\\"; // as Python does where an escape means nothing
    }
    const hex = this.#text.slice(this.at, this.at + digits);
    const point = parseInt(hex, 16);
    if (hex.length < digits || !/^[0-9a-f]+$/i.test(hex) || point > 0x10ffff) {
      throw new Misread(`expected ${digits} hexadecimal digits after \\${ch}`);
    }
    this.at += digits;
    return String.fromCodePoint(point);
  }

  #list(end: string, depth: number): unknown[] {
    const list: unknown[] = [];
    for (;;) {
      this.skip(WHITE);
      if (this.#takes(end)) return list;
      list.push(this.#value(depth + 1));
      this.#comma(end);
    }
  }

  #dict(depth: number): JsonObject {
    const dict: JsonObject = Object.create(null);
    for (;;) {
      this.skip(WHITE);
      if (this.#takes("}")) return dict;
      const ch = this.#text[this.at];
      if (ch !== '"' && ch !== "'") throw new Misread(`expected a key in quotes, found ${this.#found()}`);
      const key = this.#string();
      this.skip(WHITE);
      this.#expect(":");
      this.skip(WHITE);
      put(dict, key, this.#value(depth + 1), `the key ${quoted(key)}`);
      this.#comma("}");
    }
  }

  /** Passes over a comma, unless the end comes. */
  #comma(end: string): void {
    this.skip(WHITE);
    if (this.#text[this.at] === end || this.#takes(",")) return;
    throw new Misread(`expected , or ${end}, found ${this.#found()}; expressions are not worked out`);
  }

  #word(): string {
    const start = this.at;
    while (this.at < this.#text.length && isWordCharacter(this.#text.charCodeAt(this.at))) this.at++;
    return this.#text.slice(start, this.at);
  }

  #takes(ch: string): boolean {
    if (this.#text[this.at] !== ch) return false;
    this.at++;
    return true;
  }

  #expect(ch: string): void {
    if (!this.#takes(ch)) throw new Misread(`expected ${ch}, found ${this.#found()}`);
  }

  #found(): string {
    return this.at < this.#text.length ? quoted(this.#text[this.at]) : "the end";
  }
}

function put(target: JsonObject, key: string, value: unknown, what: string): void {
  if (key === "__proto__") throw new Misread(`${what} is not allowed`);
  if (Object.hasOwn(target, key)) throw new Misread(`${what} is given twice: expected it once`);
  target[key] = value;
}

/** Digits with single underscores between them; no octal, binary or hexadecimal. */
const NUMBER = /^[+-]?(?:(?:0|[1-9](?:_?\d)*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Letters of ASCII, digits and `_`; `-` too, since tools have it in their names and no differences are worked out. */
function isWordCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) ||
    code === 0x5f || code === 0x2d;
}

function isTokenCharacter(text: string, at: number, start: number): boolean {
  const ch = text[at];
  if (ch === "+" || ch === "-") return at === start || text[at - 1] === "e" || text[at - 1] === "E";
  return ch === "." || isWordCharacter(text.charCodeAt(at));
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["0", "\0"],
  ["a", "\x07"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

const DIGITS: ReadonlyMap<string, number> = new Map([["x", 2], ["u", 4], ["U", 8]]);
