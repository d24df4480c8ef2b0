/** Banks of what people say instead of a subject's name. */

/** Lines of `Title: phrase; phrase` by title. */
export function askedAbout(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text.trim().split("\n").map((line) => {
      const [title, phrases] = line.trim().split(/: (.*)/);
      return [title, phrases.split(";").map((phrase) => phrase.trim())];
    }),
  );
}
