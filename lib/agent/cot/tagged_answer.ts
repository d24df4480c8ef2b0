import { between } from "../../data/mod.ts";

/**
 * The answer in a reply: what stands between `<answer>` tags, from the opening tag to the end where the closing one is missing,
 * else the whole reply.
 */
export function taggedAnswer(reply: string): string {
  const inner = between(reply, "<answer>", "</answer>");
  if (inner !== null) return inner.trim();
  const start = reply.indexOf("<answer>");
  return (start < 0 ? reply : reply.slice(start + "<answer>".length)).trim();
}
