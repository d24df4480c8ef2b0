/**
 * Byte-level tokenizers write each byte as one visible character, so that a token is always a string: printable Latin-1
 * characters stand for themselves, the other bytes for the characters from U+0100 on, in order. Space becomes `Ġ`, the
 * line end `Ċ`. From GPT-2.
 */

/** The character of each byte. */
export const characterOfByte: readonly string[] = makeCharacters();

/** The byte of each character of the alphabet. */
export const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  characterOfByte.map((character, byte) => [character, byte]),
);

function makeCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(visible ? byte : next++);
  });
}
