/** The start tags of an HTML page, in time that grows with its length whatever it holds: no tree is built. */
import { decodeHTMLAttribute } from "entities";

/** A start tag. */
export interface StartTag {
  /** In lower case. */
  name: string;
  /** Names in lower case; of several with one name the first. */
  attributes: ReadonlyMap<string, string>;
}

const TAG_OR_COMMENT = /<!--|<([a-z][^\s/>]*)/gi;
const ATTRIBUTE = /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)|(?=(["'>]))))?/gy;
const TAG_END = /[\s/]*>/gy;
/** Elements whose inside is text, where tags are none. */
const RAW_TEXT = new Set(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"]);
/** More attributes of one tag are not kept. */
const MAX_ATTRIBUTES = 100;

/**
 * Finds the start tags outside of comments, scripts and other raw text, as a browser's tokenizer does
 * (https://html.spec.whatwg.org/#tokenization). A tag that does not end ends the search.
 */
export function* startTags(html: string): Generator<StartTag, void, undefined> {
  let place = 0;
  while (true) {
    TAG_OR_COMMENT.lastIndex = place;
    const found = TAG_OR_COMMENT.exec(html);
    if (found === null) return;
    place = TAG_OR_COMMENT.lastIndex;
    if (found[1] === undefined) {
      // "<!-->" is a whole comment.
      const end = html.indexOf("-->", place - 2);
      if (end < 0) return;
      place = end + 3;
      continue;
    }
    const name = found[1].toLowerCase();
    const attributes = new Map<string, string>();
    while (true) {
      TAG_END.lastIndex = place;
      if (TAG_END.test(html)) {
        place = TAG_END.lastIndex;
        break;
      }
      ATTRIBUTE.lastIndex = place;
      const attribute = ATTRIBUTE.exec(html);
      // The page ends within the tag, or a quote is not closed.
      if (attribute === null || attribute[5] === '"' || attribute[5] === "'") return;
      place = ATTRIBUTE.lastIndex;
      const key = attribute[1].toLowerCase();
      if (attributes.has(key) || attributes.size >= MAX_ATTRIBUTES) continue;
      attributes.set(key, decodeHTMLAttribute(attribute[2] ?? attribute[3] ?? attribute[4] ?? ""));
    }
    yield { name, attributes };
    if (RAW_TEXT.has(name)) {
      const end = new RegExp(`</${name}(?=[\\s/>])`, "gi");
      end.lastIndex = place;
      if (!end.test(html)) return;
      place = end.lastIndex;
    }
  }
}
