import type { Chunk } from "../chunk/mod.ts";

/** The name of a passage's article: `asthma` for `medicine/asthma.md`. */
export function articleName({ source }: Chunk): string {
  return source.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
}
