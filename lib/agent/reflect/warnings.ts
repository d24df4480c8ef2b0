/** Sentences of evidence that say who has to keep away from what. */
import { medicinesIn, sentencesOf } from "../safety/mod.ts";

/** Somebody should avoid something. */
export interface Warning {
  /** What to avoid: "ibuprofen". */
  name: string;
  /** Who: "people with asthma", "pregnancy". */
  group: string;
  /** Number of the evidence, 1 the first. */
  number: number;
}

const WHO_AVOIDS = new RegExp(
  String
    .raw`^(.{3,120}?)\s+(?:should|must|ought\s+to|need\s+to|have\s+to|are\s+advised\s+to)\s+(?:always\s+|also\s+|\w{4,12}ly\s+)?` +
    String
      .raw`(?:avoid|not\s+(?:take|use|have|be\s+given|get|eat|drink)|never\s+(?:take|use|have|get|be\s+given|eat|drink)|` +
    String
      .raw`stay\s+away\s+from|keep\s+away\s+from|do\s+without)\s+(.{2,80}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b|\bas\b))`,
  "i",
);
const NOT_TAKEN_BY = new RegExp(
  String
    .raw`^(.{2,80}?)\s+(?:should|must|may|can)(?:\s+not|not|\s+never)\s+be\s+(?:taken|used|given|prescribed|combined|eaten)\s+(?:together\s+)?` +
    String
      .raw`(?:by|in|to|for|during|with|together\s+with|when|if|while)\s+(.{3,120}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b))`,
  "i",
);
const AVOIDED_BY = new RegExp(
  String
    .raw`^(.{2,80}?)\s+(?:should|must|has\s+to|have\s+to)\s+be\s+avoided\s+(?:by|in|for|during|with|when|if|while|from|after)\s+` +
    String.raw`(.{3,120}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b))`,
  "i",
);
const NOT_SAFE_FOR = new RegExp(
  String
    .raw`^(.{2,80}?)\s+(?:is|are)\s+(?:not\s+(?:safe|recommended|suitable|advised|allowed)|never\s+safe|unsafe|dangerous|` +
    String.raw`forbidden|contraindicated|unsuitable)\s+(?:for|in|during|with|together\s+with|when|if|while)\s+` +
    String.raw`(.{3,120}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b))`,
  "i",
);
const DO_NOT_IF = new RegExp(
  String
    .raw`^(?:do\s+not|don't|never)\s+(?:take|use|combine)\s+(.{2,80}?)\s+(?:if|when|while|during|with|together\s+with|in)\s+` +
    String.raw`(.{3,120}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b))`,
  "i",
);
const AVOID_IF = new RegExp(
  String.raw`^avoid\s+(.{2,80}?)\s+(?:if|when|while|during|in|together\s+with)\s+` +
    String.raw`(.{3,120}?)(?=\s*(?:[:;,.(!]|$|\bbecause\b|\bsince\b|\bunless\b))`,
  "i",
);

/** Warnings of numbered evidence. What is not said in one of the usual forms is not found. */
export function warningsIn(evidence: readonly string[]): Warning[] {
  return evidence.flatMap((text, index) =>
    sentencesOf(text).flatMap(({ text: sentence }) => {
      const plain = sentence.slice(0, 500);
      const who = WHO_AVOIDS.exec(plain);
      // "should not be given to children" has the form of the first pattern and the order of the others.
      const pair = who !== null && !/^(?:to|in|by|for|during|with|on|at|from)\b/i.test(who[2])
        ? { group: who[1], names: who[2] }
        : namesFirst(plain);
      if (pair === null) return [];
      return namesOf(pair.names).map((name) => ({ name, group: pair.group.trim(), number: index + 1 }));
    })
  );
}

function namesFirst(sentence: string): { names: string; group: string } | null {
  for (const pattern of [NOT_TAKEN_BY, AVOIDED_BY, NOT_SAFE_FOR, DO_NOT_IF, AVOID_IF]) {
    const match = pattern.exec(sentence);
    if (match !== null) return { names: match[1], group: match[2] };
  }
  return null;
}

/** Longer names are taken for a whole clause before the verb. */
const MOST_WORDS = 4;

/** "ibuprofen, naproxen and similar medicines" are two names and words that name nothing. */
function namesOf(names: string): string[] {
  const words = names.trim().split(/\s+/);
  if (words.length > MOST_WORDS && !/[,]|\b(?:or|and)\b/.test(words.slice(0, -1).join(" "))) {
    const medicines = medicinesIn(names);
    return medicines.length > 0 ? medicines : [words.slice(0, 2).join(" ")];
  }
  if (/\band\s+\S+\s+(?:medicines|drugs|products|remedies)$/i.test(names)) return [names.trim()];
  return names.replace(/\s+(?:and|but|or)$/i, "").split(/\s*,\s*|\s+(?:or|and)\s+/)
    .map((name) => name.replace(/^(?:an?|the|any|taking|using|to\s+take|of)\s+/i, "").trim())
    .filter((name) =>
      /\p{L}{3}/u.test(name) && !/^(?:it|them|this|these|similar|other|related|all|everything)\b/i.test(name)
    );
}
