/** A service of Kiln's own with the house model in a process of its own: `port`, then the folder that adapters may come from. */
import { openEngine, serve } from "../../lib/serve/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";

const [port, adapterFolder] = Deno.args;
const engine = await openEngine({ model: HOUSE_MODEL, threads: 1, runtimeAdapters: 2 });
const { url } = serve({ engine, port: Number(port), adapterFolder });
console.log(`ready at ${url}`);
