/** Texts on which tokenizers tend to disagree: scripts, digits of all kinds, white space, contractions, emoji. */
import { Random } from "../../../lib/random/mod.ts";

const PLAIN = [..."abcdefg HIJKL mnop 0123456789 \n\t.,!?'\"()<>|_-=+*/{}[]:;"];
const OTHERS = [
  "éßüñ ЖяΩы 你好鍵界 مرحبا नमस्ते שלום",
  "१२३ ٣ ² ½ Ⅷ Ⅴ ① 𝟙",
  "\u00a0 \u2003 \u2028 \u0085 \u200b \ufeff \u3000 \r\n \v \f",
  "👩 👍🏽 🇩🇪 ❤️ 🤖",
  "can't I'LL it's 'tis don'T we'Ve",
].map((characters) => [...characters]);

/** So many texts of up to 30 characters, always the same, in Unicode's form NFC. */
export function sampleTexts(count: number): string[] {
  const random = new Random("texts for tokenizers");
  const pick = (from: readonly string[]) => from[random.integer(0, from.length - 1)];
  const character = () => {
    const kind = random.integer(0, 20);
    if (kind === 20) return String.fromCodePoint(random.integer(0x20, 0xd7ff));
    return pick(kind < 10 ? PLAIN : OTHERS[random.integer(0, OTHERS.length - 1)]);
  };
  return Array.from(
    { length: count },
    () => Array.from({ length: random.integer(1, 30) }, character).join("").normalize("NFC"),
  );
}
