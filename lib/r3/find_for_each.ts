/** Searches for many episodes, of which a failing one must not fail the others. */
import type { FoundPassage, PassageRequest, PassageRetriever } from "./passages.ts";

/** A search that failed. */
export interface FailedSearch {
  failure: string;
}

/** Whether a search failed. */
export function isFailure(result: FoundPassage[] | FailedSearch): result is FailedSearch {
  return "failure" in result;
}

/**
 * What each request finds: never more than asked for, and nothing that was excluded or stands there already. All go in one call; when
 * that fails, each is tried on its own, so that only those fail that fail by themselves.
 *
 * @throws the signal's reason, when aborted
 */
export async function findForEach(
  retriever: PassageRetriever,
  requests: readonly PassageRequest[],
  signal?: AbortSignal,
): Promise<(FoundPassage[] | FailedSearch)[]> {
  const found: (FoundPassage[] | FailedSearch)[] = requests.map(() => []);
  const asked = requests.flatMap((request, at) => request.limit > 0 && request.query.trim() !== "" ? [at] : []);
  if (asked.length === 0) return found;
  const find = async (numbers: readonly number[]) => {
    const results = await retriever.find(numbers.map((at) => requests[at]), { signal });
    if (results?.length !== numbers.length) {
      throw new Error(
        `the retriever gave ${results?.length} results for ${numbers.length} queries: expected one for each`,
      );
    }
    return results.map((passages, i) => wanted(passages, requests[numbers[i]]));
  };
  try {
    (await find(asked)).forEach((passages, i) => found[asked[i]] = passages);
  } catch (error) {
    signal?.throwIfAborted();
    const alone = asked.length === 1
      ? [{ status: "rejected" as const, reason: error }]
      : await Promise.allSettled(asked.map((at) => find([at])));
    signal?.throwIfAborted();
    for (const [i, result] of alone.entries()) {
      found[asked[i]] = result.status === "fulfilled" ? result.value[0] : { failure: messageOf(result.reason) };
    }
  }
  return found;
}

function wanted(passages: readonly FoundPassage[], { limit, exclude = [] }: PassageRequest): FoundPassage[] {
  const seen = new Set(exclude);
  const kept: FoundPassage[] = [];
  for (const passage of passages) {
    if (kept.length === limit) break;
    if (seen.has(passage.id)) continue;
    seen.add(passage.id);
    kept.push(passage);
  }
  return kept;
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
