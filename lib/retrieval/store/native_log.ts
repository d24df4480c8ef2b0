/**
 * LanceDB's own log says errors only, unless LANCEDB_LOG is set: its warnings about object stores quote whole answers, with key
 * ids and what was signed, and come again as errors anyway. Read when LanceDB is loaded, so this has to be imported first.
 */
if (Deno.env.get("LANCEDB_LOG") === undefined) Deno.env.set("LANCEDB_LOG", "error");
