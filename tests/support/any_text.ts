import fc from "fast-check";

/** Texts of any code points but lone surrogates. What `fc.string({ unit: "binary" })` gives, which is slow to begin. */
export function anyText(length: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  const surrogates = 0x800;
  const point = fc.integer({ min: 0, max: 0x10ffff - surrogates });
  return fc.array(point, length).map((points) =>
    String.fromCodePoint(...points.map((at) => at < 0xd800 ? at : at + surrogates))
  );
}
