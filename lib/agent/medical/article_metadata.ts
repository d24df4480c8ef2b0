/** What is known of an article beside its text. What its author wrote down counts; the rest is derived by rules. */
import type { SourceDocument } from "../../retrieval/documents/mod.ts";
import { medicinesIn } from "../safety/mod.ts";

/** How much harm comes of a mistake about it. */
export const RISK_LEVELS = ["low", "medium", "high"] as const;
export type RiskLevel = typeof RISK_LEVELS[number];

/** What an article is about. */
export type ArticleCategory = "condition" | "medicine" | "test" | "body" | "nutrition" | "prevention" | "first aid";

/** Metadata of an article, under the names that its front matter and the table's columns have. Lists are joined by ", ". */
export interface ArticleMetadata {
  /** The file's name without its extension. */
  id: string;
  topic: string;
  category: string;
  /** Who acts on it: `everyday` people, `clinical` staff, or both at once in an `emergency`. */
  layer: string;
  risk_level: RiskLevel;
  /** Such as `reference article`. */
  content_type: string;
  data_sources: string;
  /** Titles of other articles that it names. */
  related_entities: string;
  /** `YYYY-MM-DD`. */
  update_date: string;
}

/** The keys of metadata that filters can ask for. */
export const METADATA_COLUMNS = ["topic", "category", "layer", "risk_level", "content_type", "update_date"] as const;

/** By the words of titles; the first that fits counts. */
const BY_TITLE: readonly (readonly [ArticleCategory, RegExp])[] = [
  ["test", /\b(?:tests?|scans?|counts?|x-rays?|ultrasound|electrocardiogram|biopsy)\b/i],
  ["medicine", /\b(?:inhibitors|blockers|drugs|medicines|antibiotics|anticoagulants|diuretics|statins|inhalers)$/i],
  ["nutrition", /^(?:vitamin \w+|iodine|iron|calcium|dietary \w+)$/i],
];
/**
 * By their headings. The first that fits counts; what fits none is a condition, which is what most medical articles are about.
 */
const BY_HEADINGS: readonly (readonly [ArticleCategory, RegExp])[] = [
  ["first aid", /^(?:chest compressions|helping (?:an adult|a baby).*|the solution|rescue breaths)$/i],
  ["prevention", /^(?:the threshold|schedule and side effects|who should wait|hand sanitizer|when|how)$/i],
  ["body", /^(?:place and (?:structure|tasks|neighbors)|tasks|hormones|keeping them healthy)$/i],
  ["medicine", /^(?:uses|side effects.*|taking (?:them|it) .*|what insulin does|injecting and storing)$/i],
];

/** Words of danger to life or limb, and of who must not have something: a mistake here does harm. */
const HIGH =
  /\b(emergency|emergencies|life-threatening|call (?:for )?(?:an )?(?:ambulance|help|the emergency)|deadly|fatal|die|death|overdose|antidote|must not|never|unborn|within (?:minutes|hours)|poison(?:ous|ing)?|unconscious|suffocat\w+|at once|immediately)\b/i;
/** Words of treatment: a mistake here delays or spoils it. */
const MEDIUM =
  /\b(medicines?|drugs?|tablets?|doses?|antibiotics?|treat(?:ment|ed|s)?|surgery|operation|inject\w*|side effects?|prescri\w+|doctors?|hospital|vaccin\w+)\b/i;

/** Headings of articles in which every minute may count. */
const EMERGENCY = /first aid|why speed matters|danger signs/i;

/** The risk of a text, by its words: `high` where life, limb or a prohibition is spoken of, `medium` where treatment is. */
export function riskOf(text: string): RiskLevel {
  if (HIGH.test(text)) return "high";
  return MEDIUM.test(text) ? "medium" : "low";
}

/** How metadata is completed. */
export interface DescribeOptions {
  /** Titles of all articles, to find those that this one names. */
  titles?: readonly string[];
  /** Said of documents that say nothing themselves. */
  defaults?: Partial<Pick<ArticleMetadata, "topic" | "data_sources" | "update_date" | "content_type">>;
}

/** An article's metadata: its own where it has some, else derived from headings and words. */
export function articleMetadata(
  document: SourceDocument,
  { titles = [], defaults = {} }: DescribeOptions = {},
): ArticleMetadata {
  const { metadata, source, text, title, blocks } = document;
  const own = (name: string) => metadata[name]?.trim() || undefined;
  const headings = blocks.filter(({ kind }) => kind === "heading").map(({ headings }) => headings.at(-1) ?? "");
  const category = own("category") ??
    BY_TITLE.find(([, pattern]) => pattern.test(title))?.[0] ??
    (medicinesIn(title).length > 0 ? "medicine" : undefined) ??
    BY_HEADINGS.find(([, pattern]) => headings.some((heading) => pattern.test(heading)))?.[0] ?? "condition";
  const isEmergency = category === "first aid" || headings.some((heading) => EMERGENCY.test(heading));
  const risk = RISK_LEVELS.find((level) => level === own("risk_level")) ?? (isEmergency ? "high" : riskOf(text));
  return {
    id: own("id") ?? source.replace(/^.*\//, "").replace(/\.[^.]+$/, ""),
    topic: own("topic") ?? defaults.topic ?? "medicine",
    category,
    layer: own("layer") ?? (isEmergency ? "emergency" : layerOf(category, risk)),
    risk_level: risk,
    content_type: own("content_type") ?? defaults.content_type ?? "reference article",
    data_sources: own("data_sources") ?? defaults.data_sources ?? source,
    related_entities: own("related_entities") ??
      relatedTitles(text, titles.filter((other) => other !== title)).join(", "),
    update_date: own("update_date") ?? defaults.update_date ?? "",
  };
}

function layerOf(category: string, risk: RiskLevel): string {
  return ["condition", "medicine", "test"].includes(category) && risk !== "low" ? "clinical" : "everyday";
}

/** Titles that stand in a text as whole words, whatever their capitals; also in the plural. */
function relatedTitles(text: string, titles: readonly string[]): string[] {
  const words = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")} `;
  return titles.filter((title) => {
    const name = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
    return name !== "" && [name, `${name}s`, name.replace(/s$/, "")].some((form) => words.includes(` ${form} `));
  });
}
