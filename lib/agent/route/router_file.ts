/** Routers in files. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { writeFileAtomic } from "../../files/mod.ts";
import { type Embedder, embedderDescriptionFields } from "../../retrieval/embed/mod.ts";
import { checkRoutes, EmbeddingRouter } from "./embedding_router.ts";

const FORMAT = "kiln embedding router";
const number = z.number();

const routerFile = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  embedder: z.strictObject(embedderDescriptionFields),
  n: z.int().positive(),
  thresholds: z.record(z.string(), number),
  margin: number.min(0),
  routes: z.array(z.strictObject({
    name: z.string(),
    description: z.string(),
    utterances: z.array(z.string()).min(1),
  })).min(1),
  noneUtterances: z.array(z.string()),
  /** float32, little-endian, base64: one vector for each utterance, in their order, those of none last. */
  vectors: z.array(z.base64()),
});

/** Writes a router as JSON: routes, vectors of their utterances, limits, and which embedder they belong to. */
export async function saveRouter(router: EmbeddingRouter, path: string): Promise<void> {
  const { embedder, routes, noneUtterances, vectors, n, limits } = router;
  const file: z.infer<typeof routerFile> = {
    format: FORMAT,
    version: 1,
    embedder: { ...embedder.description },
    n,
    thresholds: { ...limits.thresholds },
    margin: limits.margin,
    routes: routes.map(({ name, description, utterances }) => ({ name, description, utterances: [...utterances] })),
    noneUtterances: [...noneUtterances],
    vectors: vectors.map((vector) => {
      const bytes = new DataView(new ArrayBuffer(4 * vector.length));
      vector.forEach((value, index) => bytes.setFloat32(4 * index, value, true));
      return Buffer.from(bytes.buffer).toString("base64");
    }),
  };
  await writeFileAtomic(path, JSON.stringify(file, null, 2) + "\n");
}

/**
 * Reads a router that `saveRouter` wrote. Nothing is embedded.
 *
 * @param embedder The one that the router was made with; it stays the caller's.
 * @throws When the file is not a router's, or the embedder is another one; the message names file and field.
 */
export async function loadRouter(path: string, embedder: Embedder): Promise<EmbeddingRouter> {
  const refuse = (problem: string, cause?: unknown) => new Error(`${path}: ${problem}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw refuse(`not JSON (${cause.message}); make the router again`, cause);
  }
  const parsed = routerFile.safeParse(json);
  if (!parsed.success) {
    const [{ path: field, message }] = parsed.error.issues;
    throw refuse(`${field.join(".") || "the file"}: ${message}; expected a file of saveRouter`, parsed.error);
  }
  const { embedder: saved, routes, noneUtterances, n, thresholds, margin } = parsed.data;
  const others = (Object.keys(saved) as (keyof typeof saved)[]).filter((key) =>
    saved[key] !== embedder.description[key]
  );
  if (others.length > 0) {
    const difference = others.map((key) =>
      `${key} ${JSON.stringify(saved[key])}, not ${JSON.stringify(embedder.description[key])}`
    );
    throw refuse(
      `it was made with another embedder: ${difference.join("; ")}. Load that one, or make the router again.`,
    );
  }
  const vectors = parsed.data.vectors.map((text, index) => {
    const bytes = Buffer.from(text, "base64");
    if (bytes.length !== 4 * saved.dimensions) {
      throw refuse(`vectors.${index}: ${bytes.length} bytes: expected ${4 * saved.dimensions}`);
    }
    return Float32Array.from({ length: saved.dimensions }, (_, at) => bytes.readFloatLE(4 * at));
  });
  const utterances = routes.reduce((sum, route) => sum + route.utterances.length, noneUtterances.length);
  if (vectors.length !== utterances) {
    throw refuse(`${vectors.length} vectors: expected ${utterances}, one an utterance`);
  }
  try {
    checkRoutes(routes, noneUtterances);
    return new EmbeddingRouter({ embedder, routes, noneUtterances, vectors, n, limits: { thresholds, margin } });
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
}
