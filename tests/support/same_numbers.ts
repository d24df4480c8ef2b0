import assert from "node:assert/strict";

/** Asserts that two sets of tensors are equal bit for bit; names the first that is not. */
export function assertSameNumbers(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  what: string,
): void {
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort(), `${what}: names`);
  for (const [name, values] of expected) {
    const other = actual.get(name)!;
    assert.equal(other.length, values.length, `${what}: length of ${name}`);
    const [bits, otherBits] = [values, other].map(({ buffer, byteOffset, length }) =>
      new Uint32Array(buffer, byteOffset, length)
    );
    const at = bits.findIndex((word, i) => word !== otherBits[i]);
    assert.ok(at < 0, `${what}: ${name}[${at}] is ${other[at]}, expected ${values[at]}`);
  }
}
