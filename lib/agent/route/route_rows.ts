/** Routes and labelled questions of your own, as JSON Lines. */
import { z } from "zod";
import { JsonlError, readJsonl } from "../../files/mod.ts";
import { NONE } from "./confusion.ts";
import { checkRoutes, type RouteDefinition } from "./embedding_router.ts";
import type { LabelledRoute } from "./labelled_route.ts";

const text = z.string().trim().min(1, "expected text");

const routeRow = z.strictObject({
  name: text,
  description: z.string().trim().default(""),
  utterances: z.array(text).min(1, "expected at least one question that belongs there"),
});

const labelledRow = z.strictObject({
  question: text,
  route: z.union([text, z.null()], `expected a route's name, "${NONE}" or null`),
});

/** Routes, and questions that belong to none of them. */
export interface RouteRows {
  routes: RouteDefinition[];
  noneUtterances: string[];
}

/**
 * Reads routes, one a line: `{"name": "billing", "description": "Invoices and payments.", "utterances": ["Why was I
 * charged twice?"]}`. A line with the name "none" has questions that belong to no route; it may be left out.
 *
 * @throws {JsonlError} At the first line that is no route; the message names file and line.
 * @throws When the routes make no sense together; the message names file and route.
 */
export async function readRoutes(path: string): Promise<RouteRows> {
  const rows = await readWhole(path, routeRow);
  const routes = rows.filter(({ name }) => name !== NONE);
  const none = rows.filter(({ name }) => name === NONE);
  try {
    if (none.length > 1) throw new Error(`${none.length} lines have the name "${NONE}": make one of them`);
    const noneUtterances = none.flatMap(({ utterances }) => utterances);
    checkRoutes(routes, noneUtterances);
    return { routes, noneUtterances };
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Reads labelled questions, one a line: `{"question": "Where is my invoice?", "route": "billing"}`; a route of null or
 * "none" is no route.
 *
 * @param routes Names of the routes there are.
 * @throws {JsonlError} At the first line that is no labelled question, or whose route is unknown; the message names file
 *   and line.
 */
export async function readLabelledRoutes(path: string, routes: readonly string[]): Promise<LabelledRoute[]> {
  const names = [...routes, NONE];
  const schema = labelledRow.extend({
    route: labelledRow.shape.route.refine(
      (route) => route === null || names.includes(route),
      `there is no such route; expected ${names.join(", ")} or null`,
    ),
  });
  const rows = await readWhole(path, schema);
  if (rows.length === 0) throw new Error(`${path}: no labelled questions; expected one JSON object on each line`);
  return rows.map(({ question, route }) => ({ question, route: route === NONE ? null : route }));
}

async function readWhole<Row>(path: string, schema: z.ZodType<Row>): Promise<Row[]> {
  const { rows, torn } = await readJsonl(path, schema);
  if (torn) throw new JsonlError(path, torn.line, "the file ends in the midst of a row. Restore the file.");
  return rows;
}
