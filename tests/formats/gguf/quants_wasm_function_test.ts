import assert from "node:assert/strict";
import fc from "fast-check";
import * as wasm from "../../../lib/formats/gguf/quants/wasm_function.ts";

/** Runs a function on two vectors at 0 and 16 and gives the one at 32. */
function computed(
  operation: (a: wasm.Code, b: wasm.Code) => wasm.Code,
): (a: readonly number[], b: readonly number[]) => Float32Array {
  const run = wasm.assemble(() => wasm.store(32, operation(wasm.load(0), wasm.load(16))));
  const memory = new Float32Array(run.memory);
  return (a, b) => {
    memory.set(a, 0);
    memory.set(b, 4);
    run();
    return memory.slice(8, 12);
  };
}

const four = fc.array(fc.float({ noNaN: true }), { minLength: 4, maxLength: 4 });

Deno.test("assemble() computes as IEEE 754 says when an operation is run on four float32 numbers", () => {
  const evenly = (x: number) => Math.abs(x) < 2 ** 23 ? x + 6755399441055744 - 6755399441055744 : x;
  for (
    const [operation, expected] of [
      [wasm.add, (a: number, b: number) => a + b],
      [wasm.subtract, (a: number, b: number) => a - b],
      [wasm.multiply, (a: number, b: number) => a * b],
      [wasm.divide, (a: number, b: number) => a / b],
      [wasm.smaller, (a: number, b: number) => b < a ? b : a],
      [wasm.larger, (a: number, b: number) => a < b ? b : a],
      [(a: wasm.Code) => wasm.squareRoot(wasm.absolute(a)), (a: number) => Math.sqrt(Math.abs(a))],
      [(a: wasm.Code) => wasm.absolute(wasm.nearest(a)), (a: number) => Math.abs(evenly(a))],
      [
        (a: wasm.Code, b: wasm.Code) => wasm.choose(a, wasm.four(0.1), wasm.less(a, b)),
        (a: number, b: number) => a < b ? a : 0.1,
      ],
      [
        (a: wasm.Code, b: wasm.Code) =>
          wasm.choose(a, b, wasm.both(wasm.greater(a, b), wasm.equal(wasm.absolute(a), a))),
        (a: number, b: number) => a > b && Math.abs(a) === a ? a : b,
      ],
    ] as const
  ) {
    const run = computed(operation);
    fc.assert(fc.property(four, four, (a, b) => {
      assert.deepEqual(run(a, b), Float32Array.from(a, (x, i) => expected(x, b[i])));
    }));
  }
});

Deno.test("assemble() loops, branches and finds addresses when numbers are long", () => {
  const count = 3000, result = 4 * count;
  // Adds up the numbers that are positive, in all four lanes.
  const run = wasm.assemble((vector, address) => {
    const [sum, at, number] = [vector(), address(), vector()];
    return [
      ...sum.set(wasm.four(0)),
      ...at.set(wasm.integer(0)),
      ...wasm.doWhile(
        [
          ...number.set(wasm.loadFour(0, at.get)),
          ...wasm.when(
            wasm.any(wasm.greater(number.get, wasm.four(0))),
            sum.set(wasm.add(sum.get, number.get)),
          ),
          ...at.set(wasm.addIntegers(at.get, wasm.integer(4))),
        ],
        wasm.lessIntegers(at.get, wasm.integer(result)),
      ),
      ...wasm.store(result, sum.get),
    ];
  });
  const memory = new Float32Array(run.memory);
  const numbers = Float32Array.from({ length: count }, (_, i) => i % 3 === 0 ? -i : i);
  memory.set(numbers);
  run();
  const expected = numbers.reduce((sum, number) => number > 0 ? Math.fround(sum + number) : sum, 0);
  assert.deepEqual(memory.slice(count, count + 4), new Float32Array(4).fill(expected));
});
