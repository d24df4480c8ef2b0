/** Which of zod's complaints to tell. */
import type { z } from "zod";

/**
 * The first thing that is wrong. Where something fits none of several forms, the form that it came nearest to fitting is taken
 * for the one that was meant, and its complaint is told.
 *
 * @param issues At least one, as a `ZodError` has them.
 */
export function nearestIssue([issue]: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const branches = issue.errors.filter((errors) => errors.length > 0).map(nearestIssue);
  const [nearest] = branches.filter(({ path }) => path.length > 0).sort((a, b) => b.path.length - a.path.length);
  return nearest === undefined ? issue : { ...nearest, path: [...issue.path, ...nearest.path] };
}
