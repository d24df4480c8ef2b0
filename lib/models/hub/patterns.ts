/**
 * Says which paths are meant by patterns such as `*.safetensors` or `onnx/*`: `*` stands for any characters, slashes
 * too, `?` for one, and a pattern that ends in a slash for all that is in that folder. These are the rules of
 * huggingface_hub's `allow_patterns` and `ignore_patterns`.
 *
 * @param include default: all paths
 * @param exclude default: none
 */
export function pathFilter(
  { include, exclude }: { include?: readonly string[]; exclude?: readonly string[] },
): (path: string) => boolean {
  const wanted = include?.map(toRegExp);
  const unwanted = exclude?.map(toRegExp) ?? [];
  return (path) => (wanted?.some((each) => each.test(path)) ?? true) && !unwanted.some((each) => each.test(path));
}

function toRegExp(pattern: string): RegExp {
  // Neighbouring stars are one: each more would multiply the time that a path which does not fit takes.
  const source = (pattern.endsWith("/") ? `${pattern}*` : pattern).replace(/\*+/g, "*")
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&").replaceAll("*", "[^]*").replaceAll("?", "[^]");
  return new RegExp(`^${source}$`);
}
