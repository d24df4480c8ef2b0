/** Notebook 05 on other pages than the sample site's, which CI runs it on. */
import assert from "node:assert/strict";
import { CellError } from "../../lib/notebook/run.ts";
import { tinySite } from "../retrieval/crawl/tiny_site.ts";
import { shippedNotebook } from "./shipped_notebook.ts";
import { tempFolder } from "./temp_notebook.ts";

const { fromNotebook, smoke } = await shippedNotebook("05");

/** Runs the notebook at smoke size; gives what it shows as text. */
async function run(folder: string, parameters: Record<string, string | number | boolean>): Promise<string> {
  const outputs = fromNotebook(`${folder}/outputs`);
  return await smoke({ outputs, ...parameters });
}

Deno.test("notebook 05 crawls the pages that it is given, and answers from them with their addresses", async () => {
  await using folder = await tempFolder();
  const asked: string[] = [];
  const page = (text: string) => (request: Request) => {
    asked.push(request.headers.get("user-agent") ?? "");
    return new Response(`<title>Mosses</title><h1>Mosses</h1><p>${text}</p>`, {
      headers: { "content-type": "text/html" },
    });
  };
  await using site = tinySite({
    "/": page(`<a href="/emerald">Emerald</a> <a href="/secret">Secret</a>`),
    "/emerald": page(`The moss called Emerald grows 12 millimetres a year. <script>alert(1)</script>`),
    "/secret": page("Nobody may read this."),
    "/robots.txt": () => new Response("User-agent: *\nDisallow: /secret"),
  });
  const text = await run(folder.path, {
    seeds: JSON.stringify([`${site.origin}/`]),
    allowHosts: JSON.stringify([site.host]),
    contact: "https://example.org/who",
    maxDepth: 1,
    delay: 0,
    questions: JSON.stringify(["How much does the moss called Emerald grow a year?", "Who was the king of Norway?"]),
  });
  assert.match(text, /2 pages by 2 requests/);
  assert.match(text, /robots +1 +\S+\/secret/);
  assert.match(text, /20 forms, 0 requests reached the service/);
  assert.match(text, /The moss called Emerald grows 12 millimetres a year\. \[1\]/);
  assert.ok(text.includes(`[1] ${site.origin}/emerald: "The moss called Emerald`));
  assert.match(text, /2 questions, 1 refused/);
  assert.ok(!site.asked.includes("/secret"));
  assert.deepEqual(new Set(asked), new Set(["Kiln/1.0 (+https://example.org/who)"]));
});

Deno.test("notebook 05 asks no public site before it can say who asks", async () => {
  await using folder = await tempFolder();
  await assert.rejects(
    run(folder.path, { seeds: "public" }),
    (error) => error instanceof CellError && /contact: public sites want to know who asks/.test(error.message),
  );
});
