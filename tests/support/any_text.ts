import fc from "fast-check";

/** Texts of any code points but lone surrogates. What `fc.string({ unit: "binary" })` gives, which is slow to begin. */
export function anyText(length: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  const surrogates = 0x800;
  const point = fc.integer({ min: 0, max: 0x10ffff - surrogates });
  return fc.array(point, length).map((points) =>
    String.fromCodePoint(...points.map((at) => at < 0xd800 ? at : at + surrogates))
  );
}

/**
 * Any texts, and those made of parts that a rule looks for.
 *
 * @param options.maxLength Code points of a text of the first kind.
 * @param options.maxParts Of one of the second kind; a space stands between them.
 */
export function anyTextWith(
  parts: readonly string[],
  { maxLength, maxParts }: { maxLength: number; maxParts: number },
): fc.Arbitrary<string> {
  return fc.oneof(
    anyText({ maxLength }),
    fc.array(fc.constantFrom(...parts), { maxLength: maxParts }).map((all) => all.join(" ")),
  );
}
