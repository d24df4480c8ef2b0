/** An embedder whose vectors can be foreseen: a text is two numbers, and its vector points there. */
import type { Embedder } from "../../../lib/retrieval/embed/mod.ts";

/** Texts such as `"3 4"`. */
export function twoAxes(): Embedder & { asked: string[] } {
  const asked: string[] = [];
  const embed = (texts: readonly string[]) => {
    asked.push(...texts);
    return Promise.resolve(texts.map((text) => Float32Array.from(text.split(" "), Number)));
  };
  return {
    asked,
    description: {
      name: "two axes",
      revision: "1",
      dimensions: 2,
      maxTokens: 8,
      pooling: "mean",
      normalized: false,
      queryPrefix: "",
      passagePrefix: "",
    },
    countTokens: (text) => text.split(" ").length,
    embedPassages: embed,
    embedQueries: embed,
    dispose: () => Promise.resolve(),
  };
}

/** A text at an angle in degrees: its cosine with `"1 0"` is the angle's. */
export function at(degrees: number): string {
  return `${Math.cos(degrees * Math.PI / 180)} ${Math.sin(degrees * Math.PI / 180)}`;
}
