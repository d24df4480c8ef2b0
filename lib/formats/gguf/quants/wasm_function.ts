/**
 * Assembles WebAssembly functions that compute with four float32 numbers at a time. JavaScript has float64 only:
 * rounding each operation to float32 there takes longer than the operation. Only the instructions that the quantizers
 * use are here. https://webassembly.github.io/spec/core/binary/instructions.html
 */

/** Instructions, as bytes. Those of an expression leave its value on the stack. */
export type Code = readonly number[];

/** A variable: four numbers, or an address. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** A number without sign in the variable length of the format. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

/** A number with sign, likewise. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;; value >>= 7) {
    const last = value === (value << 25 >> 25);
    bytes.push(value & 127 | (last ? 0 : 128));
    if (last) return bytes;
  }
}

const vectorOperation = (number: number) => (...operands: Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(number),
];

/**
 * Operations on four float32 numbers each, rounded as IEEE 754 says. Comparisons give masks, all bits of a number set
 * or not.
 */
export const equal = vectorOperation(0x41);
export const less = vectorOperation(0x43);
export const greater = vectorOperation(0x44);
/** To the nearest integer, ties to even. */
export const nearest = vectorOperation(0x6a);
export const absolute = vectorOperation(0xe0);
export const squareRoot = vectorOperation(0xe3);
export const add = vectorOperation(0xe4);
export const subtract = vectorOperation(0xe5);
export const multiply = vectorOperation(0xe6);
export const divide = vectorOperation(0xe7);
/** The second where it is less than the first; two instructions less than a minimum that cares for NaN. */
export const smaller = vectorOperation(0xea);
/** The second where it is greater than the first. */
export const larger = vectorOperation(0xeb);
/** Of masks. */
export const both = vectorOperation(0x4e);
/** Its first operand where the mask, the last, is set; the second elsewhere. */
export const choose = vectorOperation(0x52);
/** 1 when any bit is set, else 0. */
export const any = vectorOperation(0x53);

/** Four times the same number. */
export function four(value: number): Code {
  const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer);
  return [0xfd, 0x0c, ...bytes];
}

/** The four numbers at a constant offset, after an address if one is given. */
export const load = (offset: number, address: Code = integer(0)): Code => [...address, 0xfd, 0, 0, ...unsigned(offset)];

/** The number there, four times. */
export const loadFour = (offset: number, address: Code): Code => [...address, 0xfd, 9, 0, ...unsigned(offset)];

/** Stores four numbers. */
export const store = (offset: number, value: Code): Code => [...integer(0), ...value, 0xfd, 11, 0, ...unsigned(offset)];

/** A constant address. */
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const addIntegers = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const lessIntegers = (a: Code, b: Code): Code => [...a, ...b, 0x49];

/** Does the body while the condition, tested after it, is not 0. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];

/** Does the body if the condition is not 0. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b];

/** A function without parameters or result that works on a memory of its own. */
export interface WasmFunction {
  (): void;
  /** 64 KB. */
  readonly memory: ArrayBuffer;
}

const vectorType = 0x7b, integerType = 0x7f;

/**
 * Compiles a function.
 *
 * @param write gives its body; it makes local variables with the functions that it is given
 */
export function assemble(write: (vector: () => Local, address: () => Local) => Code): WasmFunction {
  const types: number[] = [];
  const local = (type: number) => (): Local => {
    const index = unsigned(types.push(type) - 1);
    return { get: [0x20, ...index], set: (value) => [...value, 0x21, ...index] };
  };
  const body = write(local(vectorType), local(integerType));
  const locals = [...unsigned(types.length), ...types.flatMap((type) => [1, type])];
  const code = [...locals, ...body, 0x0b];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, content: Code) => [id, ...unsigned(content.length), ...content];
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]), // one type: no parameters, no results
    ...section(3, [1, 0]), // one function of it
    ...section(5, [1, 0, 1]), // one memory of one page
    ...section(7, [2, ...name("run"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const run = exports.run as () => void;
  const { buffer } = exports.memory as WebAssembly.Memory;
  if (!(buffer instanceof ArrayBuffer)) throw new TypeError("The memory is shared.");
  return Object.assign(() => run(), { memory: buffer });
}
