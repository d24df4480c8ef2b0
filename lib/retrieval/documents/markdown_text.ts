/** What marked's tokens say, without the signs. */
import { decodeHTML } from "entities";
import type { Token, Tokens } from "marked";

/** The words of inline tokens: of links their text, of pictures their description, of formulas all signs. */
export function inlineText(tokens: readonly Token[]): string {
  return tokens.map((token) => {
    switch (token.type) {
      case "br":
        return "\n";
      case "html":
        return /^<br\b/i.test(token.raw) ? "\n" : "";
      case "checkbox":
        return "";
      case "codespan":
      case "math":
        return "text" in token ? token.text : token.raw;
      case "escape":
        return (token as Tokens.Escape).text;
      case "image":
        return decodeHTML((token as Tokens.Image).text);
      default:
        if ("tokens" in token && token.tokens !== undefined) return inlineText(token.tokens);
        return decodeHTML("text" in token ? token.text : token.raw);
    }
  }).join("");
}

/** A list as lines: `- item` or `1. item`, nested ones indented by two spaces, up to ten levels. */
export function listText(list: Tokens.List, indent = ""): string {
  const first = typeof list.start === "number" ? list.start : 1;
  return list.items.map((item, index) => {
    const mark = list.ordered ? `${first + index}. ` : "- ";
    return `${indent}${mark}${itemText(item, indent.length < 20 ? `${indent}  ` : indent)}`;
  }).join("\n");
}

function itemText(item: Tokens.ListItem, indent: string): string {
  const parts = item.tokens.map((token) => {
    if (token.type === "list") return listText(token as Tokens.List, indent);
    if (token.type === "table") return indented(tableText(token as Tokens.Table), indent);
    if (token.type === "code") return indented((token as Tokens.Code).text, indent);
    if (token.type === "space" || token.type === "hr" || token.type === "def") return "";
    return indented(inlineText([token]).trim(), indent);
  });
  return parts.filter((part) => part.trim() !== "").join("\n").trimStart();
}

function indented(text: string, indent: string): string {
  return text.split("\n").map((line) => indent + line.trim()).join("\n");
}

/** A table as lines of cells between bars, its head first. */
export function tableText(table: Tokens.Table): string {
  return [table.header, ...table.rows]
    .map((row) => row.map((cell) => inlineText(cell.tokens).replace(/\s+/g, " ").trim()).join(" | "))
    .join("\n");
}
