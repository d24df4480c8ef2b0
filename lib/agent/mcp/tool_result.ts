/** What a server's tool returned. */
import type { CallToolResult, ContentBlock } from "./sdk.ts";

/** The result of an external tool. The model reads `text` or `data`, and of each attachment what it is. */
export interface McpResult {
  /** All text, parts separated by a line's end. */
  text: string;
  /** What the server also gave in a form for programs (`structuredContent`). */
  data?: Record<string, unknown>;
  /** What is no text. */
  attachments: McpAttachment[];
}

/** An image, a sound, a file, or the address of one. */
export interface McpAttachment {
  type: "image" | "audio" | "resource" | "link";
  mimeType?: string;
  /** Of a resource or a link. Nothing was loaded from there. */
  uri?: string;
  /** The content; absent for a link. */
  base64?: string;
}

/** The server's answer in our form, whether it succeeded or not. */
export function mcpResult({ content, structuredContent }: CallToolResult): McpResult {
  const texts: string[] = [];
  const attachments: McpAttachment[] = [];
  for (const block of content) {
    const text = textOf(block);
    if (text !== undefined) texts.push(text);
    else attachments.push(attachmentOf(block));
  }
  return {
    text: texts.join("\n"),
    ...(structuredContent === undefined ? {} : { data: structuredContent }),
    attachments,
  };
}

function textOf(block: ContentBlock): string | undefined {
  if (block.type === "text") return block.text;
  if (block.type === "resource" && "text" in block.resource) return block.resource.text;
  return undefined;
}

function attachmentOf(block: ContentBlock): McpAttachment {
  switch (block.type) {
    case "image":
    case "audio":
      return { type: block.type, mimeType: block.mimeType, base64: block.data };
    case "resource_link":
      return { type: "link", ...(block.mimeType === undefined ? {} : { mimeType: block.mimeType }), uri: block.uri };
    case "resource": {
      const { uri, mimeType } = block.resource;
      const about = { ...(mimeType === undefined ? {} : { mimeType }), uri };
      return { type: "resource", ...about, ...("blob" in block.resource ? { base64: block.resource.blob } : {}) };
    }
    case "text":
      throw new TypeError("a text is no attachment");
  }
}

/**
 * What the model reads: data alone where the text only repeats it, as servers are asked to; of attachments a line about each,
 * since nothing here could read them.
 */
export function modelViewOf({ text, data, attachments }: McpResult): unknown {
  if (attachments.length === 0 && data !== undefined && (text.trim() === "" || repeats(text, data))) return data;
  return {
    ...(data === undefined || !repeats(text, data) ? { text } : {}),
    ...(data === undefined ? {} : { data }),
    ...(attachments.length === 0 ? {} : { attachments: attachments.map(attachmentLine) }),
  };
}

function repeats(text: string, data: Record<string, unknown>): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(data);
  } catch {
    return false;
  }
}

function attachmentLine({ type, mimeType, uri, base64 }: McpAttachment): string {
  const size = base64 === undefined ? "" : `, ${Math.floor(base64.length * 3 / 4)} bytes`;
  const about = [mimeType, uri].filter((part) => part !== undefined).join(" ");
  return `${type === "link" ? "an address" : `a file (${type})`} that cannot be shown here: ${about}${size}`;
}
