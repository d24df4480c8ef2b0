/**
 * The parts of a tokenizer.json around its model: normalizer, pre_tokenizer, post_processor, decoder. The library that
 * runs them believes every option, so that a wrong one would fail in the midst of a text, or never end; here each is
 * checked before.
 */
import { z } from "zod";
import { patternRisk } from "./pattern_risk.ts";
import { quote } from "./quote.ts";

export const partNames = ["normalizer", "pre_tokenizer", "post_processor", "decoder"] as const;

/** A part of the pipeline, or one of the parts of a Sequence. */
export interface Part {
  type: string;
  [option: string]: unknown;
}

/** What the checks need to know of the tokenizer. */
interface Context {
  /** How messages call the part. */
  where: string;
  isToken: (token: string) => boolean;
  /** Parts so far, and how many times longer they may make a text. */
  parts: number;
  growth: number;
}

const mostParts = 32;
const mostLevels = 8;
const mostGrowth = 64;

const flag = z.boolean().nullish();
const count = z.int().nonnegative().nullish();
/** Replaced characters come out as one. */
const oneCharacter = z.string().refine((text) => [...text].length === 1, "expected one character").nullish();
const shortText = z.string().max(64).nullish();
const patternSchema = z.union(
  [
    z.strictObject({ Regex: z.string() }),
    z.strictObject({ String: z.string().min(1) }),
  ],
  'expected {"Regex": text} or {"String": text}',
).superRefine((pattern, context) => {
  const risk = "Regex" in pattern ? patternRisk(pattern.Regex) : undefined;
  if (risk !== undefined) context.addIssue(`the pattern is refused: ${risk}`);
});
const replace = z.looseObject({ pattern: patternSchema, content: z.string().max(1000) });
const tokenAndId = z.tuple([z.string(), z.int()]);
const plain = z.looseObject({});

const templatePiece = z.union(
  [
    z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
    z.looseObject({ Sequence: z.looseObject({ id: z.literal("A") }) }),
  ],
  "expected a SpecialToken, or Sequence A",
);

/** Options that the library reads, by part and type. */
const schemas: Record<typeof partNames[number], Record<string, z.ZodType>> = {
  normalizer: {
    BertNormalizer: z.looseObject({
      clean_text: flag,
      handle_chinese_chars: flag,
      lowercase: flag,
      strip_accents: flag,
    }),
    Lowercase: plain,
    NFC: plain,
    NFD: plain,
    NFKC: plain,
    NFKD: plain,
    Precompiled: plain,
    Prepend: z.looseObject({ prepend: z.string().max(64) }),
    Replace: replace,
    Strip: z.looseObject({ strip_left: flag, strip_right: flag }),
    StripAccents: plain,
  },
  pre_tokenizer: {
    BertPreTokenizer: plain,
    ByteLevel: z.looseObject({ add_prefix_space: flag, trim_offsets: flag, use_regex: flag }),
    Digits: z.looseObject({ individual_digits: flag }),
    FixedLength: z.looseObject({ length: z.int().positive() }),
    Metaspace: z.looseObject({
      replacement: oneCharacter,
      str_rep: oneCharacter,
      prepend_scheme: z.enum(["always", "first", "never"]).nullish(),
    }),
    Punctuation: plain,
    Replace: replace,
    Split: z.looseObject({
      pattern: patternSchema,
      behavior: z.enum(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]),
      invert: flag,
    }).refine(
      ({ behavior, invert }) => !invert || behavior === "Removed",
      'invert is read with behavior "Removed" only: else text would vanish',
    ),
    Whitespace: plain,
    WhitespaceSplit: plain,
  },
  post_processor: {
    BertProcessing: z.looseObject({ sep: tokenAndId, cls: tokenAndId }),
    ByteLevel: plain,
    RobertaProcessing: z.looseObject({ sep: tokenAndId, cls: tokenAndId }),
    TemplateProcessing: z.looseObject({
      single: z.array(templatePiece).max(64).refine(
        (pieces) => pieces.filter((piece) => "Sequence" in piece).length === 1,
        "expected Sequence A exactly once",
      ),
    }),
  },
  decoder: {
    BPEDecoder: z.looseObject({ suffix: shortText }),
    ByteFallback: plain,
    ByteLevel: plain,
    CTC: z.looseObject({ pad_token: shortText, word_delimiter_token: shortText, cleanup: flag }),
    Fuse: plain,
    Metaspace: z.looseObject({ replacement: oneCharacter }),
    Replace: replace,
    Strip: z.looseObject({ content: oneCharacter, start: count, stop: count }),
    WordPiece: z.looseObject({ prefix: shortText, cleanup: flag }),
  },
};

/** Under which name a Sequence has its parts. */
const childrenOf = {
  normalizer: "normalizers",
  pre_tokenizer: "pretokenizers",
  post_processor: "processors",
  decoder: "decoders",
} as const;

/**
 * Checks a part with all that is in it.
 *
 * @param isToken says whether the vocabulary has a token
 * @returns what is wrong with it, beginning with where; nothing when it can be used
 */
export function problemOfPart(
  name: typeof partNames[number],
  part: Part | null,
  isToken: (token: string) => boolean,
): string | undefined {
  if (part === null) return undefined;
  return problem(name, part, 1, { where: name, isToken, parts: 0, growth: 1 });
}

function problem(name: typeof partNames[number], part: unknown, level: number, context: Context): string | undefined {
  const { where } = context;
  if (typeof part !== "object" || part === null || !("type" in part) || typeof part.type !== "string") {
    return `${where}: expected an object with a type`;
  }
  if (++context.parts > mostParts) return `${name}: it has more than ${mostParts} parts`;
  if (level > mostLevels) return `${name}: it is nested more than ${mostLevels} levels deep`;
  const { type } = part;
  if (type === "Sequence") return problemOfChildren(name, part, level, context);
  if (!Object.hasOwn(schemas[name], type)) {
    const known = ["Sequence", ...Object.keys(schemas[name])].join(", ");
    return `${where}: type ${quote(type)} is not supported; expected one of ${known}`;
  }
  const parsed = schemas[name][type].safeParse(part);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${[where, ...issue.path].join(".")}: ${issue.message}`;
  }
  context.growth *= growthOf(name, part as Part);
  if (context.growth > mostGrowth) return `${name}: it may make a text more than ${mostGrowth} times longer`;
  const unknown = name === "post_processor" && addedTokens(part as Part).find((token) => !context.isToken(token));
  if (typeof unknown === "string") {
    return `${where}: it adds ${quote(unknown)}, which is not in the vocabulary`;
  }
  return undefined;
}

function problemOfChildren(
  name: typeof partNames[number],
  part: object,
  level: number,
  context: Context,
): string | undefined {
  const { where } = context;
  const children: unknown = (part as Part)[childrenOf[name]];
  if (!Array.isArray(children)) return `${where}.${childrenOf[name]}: expected a list`;
  for (const [i, child] of children.entries()) {
    context.where = `${where}.${childrenOf[name]}.${i}`;
    const found = problem(name, child, level + 1, context);
    if (found !== undefined) return found;
  }
  context.where = where;
  return undefined;
}

/** At most how many times longer a part may make a text, roughly: sequences of such parts multiply. */
function growthOf(name: typeof partNames[number], part: Part): number {
  // A pattern that matches the empty text puts its content between all characters.
  if (part.type === "Replace") {
    return Math.max(1, (part.content as string).length) + ("Regex" in (part.pattern as object) ? 1 : 0);
  }
  if (part.type === "ByteLevel" && name === "pre_tokenizer") return 2;
  if (part.type === "BPEDecoder" || part.type === "WordPiece" || part.type === "BertNormalizer") return 2;
  return 1;
}

/** The tokens that a post-processor puts around a text. */
function addedTokens(part: Part): string[] {
  if (part.type === "BertProcessing" || part.type === "RobertaProcessing") {
    return [part.sep, part.cls].map((pair) => (pair as [string, number])[0]);
  }
  if (part.type !== "TemplateProcessing") return [];
  return (part.single as Record<string, { id: string }>[]).flatMap(({ SpecialToken }) =>
    SpecialToken ? [SpecialToken.id] : []
  );
}
