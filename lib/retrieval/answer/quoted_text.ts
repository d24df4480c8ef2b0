/**
 * Text of documents in a prompt: it must not end its own quotation, open a turn of the chat, or pass for another
 * passage.
 */

/** Characters that are not seen: they hide words from readers and marks from filters. Tabs and line ends stay. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;
const CONTROL = /(?![\t\n])\p{Cc}/gu;
/** What a tag or a chat marker begins with; `a < b`, `p<0.05`, `<=` and `<-` begin none. */
const OPENING = /[<＜﹤](?![\s\d=.\-]|$)/gu;
/** Chat markers in brackets, such as `[/INST]`. */
const BRACKET_MARKER = /\[(\/?[A-Z][A-Z_]{2,})\]/g;
/** What passages are cited by. */
const CITATION = /\[(\d{1,3})\]/g;

/**
 * Quoted text without power over the prompt around it: no tag or ChatML marker is left in it, no `[n]` that could be
 * taken for the number of a passage, and nothing invisible. Readers see the same text: `<` becomes `‹` where a tag
 * could begin, and square brackets become round ones.
 */
export function neutralise(text: string): string {
  return text.toWellFormed()
    // First, so that nothing comes together when they are gone.
    .replace(UNSEEN, "")
    .replace(CONTROL, " ")
    .replace(OPENING, "‹")
    .replace(BRACKET_MARKER, "($1)")
    .replace(CITATION, "($1)");
}

/** The same in one line, for places that a line's end closes. */
export function neutraliseLine(text: string): string {
  return neutralise(text).replace(/\s+/g, " ").trim();
}
