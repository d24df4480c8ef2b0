/** Tags that a chat template writes around results, and around calls; in a result they could speak as the template. */
const RESULT_TAGS = /<(?=\/?tool_(?:response|call)>)/g;

/** A result's text, with a space in each tag that is written around results and calls. */
export function withoutResultTags(text: string): string {
  return text.replace(RESULT_TAGS, "< ");
}
