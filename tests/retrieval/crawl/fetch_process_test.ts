import assert from "node:assert/strict";
import { FetchProcess, fetchProcessArguments } from "../../../lib/retrieval/crawl/fetch_process.ts";
import type { FetchRequest } from "../../../lib/retrieval/crawl/protocol.ts";
import { tinySite } from "./tiny_site.ts";

const REQUEST: Omit<FetchRequest, "id" | "url"> = {
  headers: [["user-agent", "Kiln"]],
  maxBytes: 1000,
  overflow: "fail",
  mediaTypes: null,
  headTimeout: 20_000,
  idleTimeout: 20_000,
  totalTimeout: 20_000,
};

/** Names of this machine, such as those of /etc/hosts: what a resolver under hostile control would answer with. */
async function namesOfLoopback(): Promise<string[]> {
  const names: string[] = [];
  for (const name of ["localhost", Deno.hostname(), "ip6-localhost", "localhost.localdomain"]) {
    const addresses = await import("node:dns/promises").then(({ lookup }) => lookup(name, { all: true })).catch(
      () => [],
    );
    if (addresses.some(({ address }) => address.startsWith("127."))) names.push(name);
  }
  return names;
}

Deno.test("FetchProcess for the public internet connects to no denied address, whatever name leads there", async () => {
  await using site = tinySite({ "/": "reached" });
  const port = new URL(site.origin).port;
  await using process = new FetchProcess("public");
  const names = await namesOfLoopback();
  assert.ok(names.length > 0, "no name of this machine leads to 127.0.0.0/8");
  const hosts = [
    ...names,
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[::1]",
    "[::]",
  ];
  for (const host of hosts) {
    const reply = await process.fetch({ ...REQUEST, url: `http://${host}:${port}/` });
    assert.ok(!reply.ok && reply.failure === "denied address", `${host}: ${JSON.stringify(reply)}`);
  }
  for (const host of ["10.255.255.1", "169.254.169.254", "172.16.0.1", "192.168.255.1", "100.64.0.1"]) {
    const reply = await process.fetch({ ...REQUEST, url: `http://${host}/` });
    assert.ok(!reply.ok && reply.failure === "denied address", host);
  }
  // Ranges of IPv6 cannot be denied: they are out of reach, since the process connects over IPv4.
  for (const host of ["[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"]) {
    const reply = await process.fetch({ ...REQUEST, url: `http://${host}:${port}/` });
    assert.ok(!reply.ok && reply.failure === "network", `${host}: ${JSON.stringify(reply)}`);
  }
  assert.deepEqual(site.asked, []);
});

Deno.test("FetchProcess for named hosts reaches exactly them", async () => {
  await using site = tinySite({
    "/": "reached",
    "/far": () => new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } }),
  });
  await using other = tinySite({ "/": "reached" });
  await using process = new FetchProcess([site.host]);
  const reply = await process.fetch({ ...REQUEST, url: `${site.origin}/` });
  assert.ok(reply.ok && reply.status === 200);
  assert.equal(new TextDecoder().decode(reply.body), "reached");
  const far = await process.fetch({ ...REQUEST, url: `${site.origin}/far` });
  assert.ok(far.ok && far.status === 302 && far.headers.location === "http://10.0.0.1/");
  for (const url of [`${other.origin}/`, `http://localhost:${new URL(site.origin).port}/`, "http://example.org/"]) {
    const denied = await process.fetch({ ...REQUEST, url });
    assert.ok(!denied.ok && denied.failure === "denied address", url);
  }
  assert.deepEqual(other.asked, []);
});

Deno.test("FetchProcess may use the network and nothing else", async () => {
  for (const reach of ["public", ["127.0.0.1:9"]] as const) {
    const probe = `const state = (name) => Deno.permissions.querySync({ name }).state;
      console.log(["read", "write", "env", "run", "ffi", "sys"].map(state).join(" "));`;
    const args = fetchProcessArguments(reach).slice(0, -2);
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/probe.ts`, probe.replace("(name)", "(name: Deno.PermissionName)"));
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args, `${folder}/probe.ts`] })
      .output();
    await Deno.remove(folder, { recursive: true });
    assert.equal(
      new TextDecoder().decode(stdout).trim(),
      "denied denied denied denied denied denied",
      new TextDecoder().decode(stderr),
    );
  }
});

Deno.test("FetchProcess caps and cuts bodies, gives requests up, and starts anew after it was ended", async () => {
  await using site = tinySite({
    "/long": () => new Response("a".repeat(5000)),
    "/late": () => new Promise((resolve) => setTimeout(() => resolve(new Response("late")), 2000)),
    "/": "reached",
  });
  await using process = new FetchProcess([site.host]);
  const long = await process.fetch({ ...REQUEST, url: `${site.origin}/long` });
  assert.ok(!long.ok && long.failure === "too large");
  const cut = await process.fetch({ ...REQUEST, url: `${site.origin}/long`, overflow: "cut" });
  assert.ok(cut.ok && cut.body.length === 1000);
  const wrong = await process.fetch({ ...REQUEST, url: `${site.origin}/`, mediaTypes: ["application/pdf"] });
  assert.ok(!wrong.ok && wrong.failure === "content type");
  await assert.rejects(() => process.fetch({ ...REQUEST, url: `${site.origin}/late` }, AbortSignal.timeout(300)), {
    name: "TimeoutError",
  });
  const late = await process.fetch({ ...REQUEST, url: `${site.origin}/late`, headTimeout: 300 });
  assert.ok(!late.ok && late.failure === "timeout");
  const reply = await process.fetch({ ...REQUEST, url: `${site.origin}/` });
  assert.ok(reply.ok);
  await process.close();
  await assert.rejects(() => process.fetch({ ...REQUEST, url: `${site.origin}/` }), /closed/);
});
