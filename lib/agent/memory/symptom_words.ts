/**
 * What patients say when they have a symptom, for symptoms that are remembered by a plain name and told in other words. It
 * serves to check what a model understood, never to find symptoms.
 */
const HURTS = String
  .raw`(?:pain\w*|ache?s?|aching|achy|hurt\w*|sore\w*|tender|stiff\w*|cramp\w*|throb\w*|pound\w*|burn\w*|sting\w*|killing me)`;

const BODY: readonly (readonly [name: RegExp, said: string])[] = [
  [/^head\s?aches?$|^migraine$/, "head\\w*|temples?|migraine"],
  [/^ear\s?aches?$/, "ears?|earache"],
  [/^tooth\s?aches?$/, "tooth\\w*|teeth|molar"],
  [/^(?:stomach|abdominal|belly|tummy)/, "stomach\\w*|belly|tummy|abdom\\w*|gut"],
];

const SAID: readonly (readonly [name: RegExp, said: RegExp])[] = [
  [/^cough/, /(?:\bcannot stop |\bcan't stop )?\bcough\w*/],
  [/^fever|temperature/, /\bfever\w*|\btemperature\b|\bhot and (?:cold|shiver\w*)|\bshiver\w*|\bburning up\b/],
  [/^runny nose/, /\bnose\b.*\brun\w*|\bnose\b.*\bstop\b|\brun\w*\b.*\bnose\b/],
  [
    /^sore throat/,
    /\bthroat\b.*\b(?:hurt|sore|pain|burn|scratch|ache)\w*|\b(?:hurt|sore|pain|ache)\w*\b.*\bthroat\b|\bswallow\w*/,
  ],
  [/^nausea/, /\bnause\w*|\bsick\b|\bqueasy\b|\bthrow\w* up\b/],
  [/^vomit/, /\bvomit\w*|\bthr[eo]w\w* up\b|\bbeing sick\b|(?:cannot|can't|not)\b.*\bdown\b/],
  [
    /^diarrh/,
    /\bdiarrh\w*|\bloose\b.*\bstools?\b|\bstools?\b.*\bloose\b|\bthe runs\b|\brun\w*\b.*\btoilet\b|\bwatery\b/,
  ],
  [/^constipation/, /\bconstipat\w*|\bbowels?\b|\b(?:cannot|can't|not)\b.*\b(?:go|toilet|poop)\b/],
  [/^heartburn/, /\bheartburn\b|\bacid\b|\breflux\b|\bchest burns?\b|\bburning\b.*\bchest\b/],
  [/^dizz/, /\bdizz\w*|\bspin\w*|\blight-?headed\b|\bwoozy\b/],
  [/^tired|^fatigue/, /\btired\w*|\bno energy\b|\bworn out\b|\bexhaust\w*|\bfatigue\w*|\bweary\b/],
  [
    /^poor sleep|^insomnia/,
    /(?:\b(?:cannot|can't|do not|don't|not)\b.{0,12})?\b(?:sleep\w*|slept)\b|\bawake\b|\binsomnia\b/,
  ],
  [/breath/, /\bbreath\w*|\bpuffed\b|\bpant\w*/],
  [/^palpitation/, /\bpalpitat\w*|\bheart\b.*\b(?:rac\w*|skip\w*|flutter\w*|pound\w*|beat\w*)/],
  [/^rash/, /\brash\w*|\bspots?\b|\bspotty\b|\bhives\b|\bblotch\w*/],
  [/^itch/, /\bitch\w*|(?:\bcannot stop |\bcan't stop )?\bscratch\w*/],
  [/^swollen|^swelling/, /\bswoll?e?n?\b|\bswell\w*|\bpuffy\b/],
  [/^blurred vision|^vision/, /\bblur\w*/],
  [/^weight loss/, /\b(?:los\w*|lost)\b.*\bweight\b|\bweight\b.*\bloss\b|\bclothes\b.*\bbig\b|\bthinner\b/],
  [/^numb/, /\bnumb\w*|\bno feeling\b|\btingl\w*/],
];

/** Where a clause says that its speaker has a symptom of this name, by other words than the name; null where it does not. */
export function symptomSaidAt(name: string, clause: string): { start: number; end: number } | null {
  const wanted = name.toLowerCase();
  const text = clause.toLowerCase().replace(/[’‘]/g, "'");
  for (const [named, said] of SAID) {
    const match = named.test(wanted) ? said.exec(text) : null;
    if (match) return { start: match.index, end: match.index + match[0].length };
  }
  const part = BODY.find(([named]) => named.test(wanted))?.[1] ??
    (/^(\p{L}+) (?:pain|ache)s?$/u.exec(wanted)?.[1] ?? null)?.replace(/s$/, "").concat("s?");
  if (part === undefined) return null;
  const match = new RegExp(`\\b(?:${part})\\b.*\\b${HURTS}\\b|\\b${HURTS}\\b.*\\b(?:${part})\\b`).exec(text) ??
    new RegExp(`\\b\\w*ache\\b`).exec(/ache/.test(wanted) ? text : "");
  // "My head does not hurt" says the opposite.
  return match && !/\b(?:not|no|never)\b|n't\b/.test(match[0])
    ? { start: match.index, end: match.index + match[0].length }
    : null;
}
