/** The model card of an export. */
import { isHubId, parameterCount } from "../../models/mod.ts";
import type { ExportTarget, TargetOf } from "./target.ts";
import type { Verification } from "./verify.ts";

/** By which a card is known to be an export's. */
export const EXPORTED_BY = "exported by Kiln";

/** A file of an export. */
export interface ExportedFile {
  /** Its path in the export's folder. */
  file: string;
  bytes: number;
}

/** What a card says. */
export interface CardContents extends TargetOf {
  target: ExportTarget;
  files: readonly ExportedFile[];
  /** Null where it was not verified. */
  verifications: readonly Verification[] | null;
  /** The card of the run that made the model. */
  runCard: string | null;
  /** How the export is named where it is loaded: a name on the hub, or a folder. */
  place: string;
}

/** Rows of a table of verifications, for cards and terminals. */
export function verificationRows(verifications: readonly Verification[]): Record<string, string>[] {
  return verifications.map(({ format, relativeError, bound, meanKl, sameTop }) => ({
    format,
    "error of the logits": short(relativeError),
    "at most": bound < 1e-3 ? bound.toExponential(0) : String(bound),
    "mean KL, nats": short(meanKl),
    "same likeliest token": `${(100 * sameTop).toFixed(1)}%`,
  }));
}

function short(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** Bytes as a reader likes them: 1.20 GB, 34.5 MB, 267 kB, 512 bytes. */
export function readableBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 1e4 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} bytes`;
}

/** README.md: a YAML head as the hub reads it, what it is, its files, how to load it, what was verified, and where it comes from. */
export function exportCard(contents: CardContents): string {
  const { found, source, target, files, runCard, place } = contents;
  const head = [
    ...(isHubId(found.base) ? [`base_model: ${found.base}`] : []),
    `library_name: ${target.library}`,
    "pipeline_tag: text-generation",
    `tags: [${["kiln", ...target.tags].join(", ")}]`,
  ];
  const sections = [
    `# ${found.name}`,
    description(contents),
    "## Files",
    table(files.map(({ file, bytes }) => ({ file: `\`${file}\``, size: readableBytes(bytes) }))),
    "## How to load it",
    target.usage(place),
    source.tokenizer.chatTemplate === undefined ? "It has no chat template: give it plain text." : target.chats,
    "## Verified",
    verified(contents),
    ...(runCard === null ? [] : ["## The run that made it", asSection(runCard)]),
  ];
  return `---\n${head.join("\n")}\n---\n\n${sections.join("\n\n")}\n`;
}

function description({ found, source: { config }, target }: CardContents): string {
  const name = isHubId(found.base) ? found.base : found.base.split(/[/\\]/).at(-1)!;
  const what = found.adapter === undefined
    ? name
    : target.library === "peft"
    ? `An adapter for ${name}`
    : `${name} with an adapter merged into it`;
  const { layers, hiddenSize, vocabSize, maxPositions, eosTokenIds } = config;
  const weights = parameterCount(config).toLocaleString("en");
  return `${what}, ${EXPORTED_BY} as ${target.title}. Architecture ${config.family}, ${weights} weights (${layers} layers, ` +
    `hidden size ${hiddenSize}, ${vocabSize} tokens, ${maxPositions} positions). ` +
    (eosTokenIds.length === 0 ? "No token ends a text." : `Texts end at token ${eosTokenIds.join(" or ")}.`);
}

function verified({ verifications, source, found }: CardContents): string {
  if (verifications === null) return "Not verified: it was exported without reading it back.";
  const { positions } = verifications[0];
  const tokenizer = source.tokenizer.chatTemplate === undefined
    ? "The tokenizer gives"
    : "The tokenizer and the chat template give";
  return [
    `Read back after writing and compared with the source (weights in float32${
      found.adapter === undefined ? "" : ", the adapter not merged"
    }) at ${positions} positions of a few texts. ${tokenizer} the same as the source's.`,
    table(verificationRows(verifications)),
  ].join("\n\n");
}

/** A card as part of another one: without its head, its titles two levels lower. */
function asSection(card: string): string {
  let inCode = false;
  const lines = card.replace(/^---\n.*?\n---\n/s, "").trim().split("\n").map((line) => {
    if (line.startsWith("```")) inCode = !inCode;
    return !inCode && /^#+ /.test(line) ? `##${line}` : line;
  });
  return lines.join("\n");
}

function table(rows: readonly Record<string, string>[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const names = Object.keys(rows[0]);
  return [line(names), line(names.map(() => "---")), ...rows.map((row) => line(Object.values(row)))].join("\n");
}
