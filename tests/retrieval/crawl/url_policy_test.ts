import assert from "node:assert/strict";
import fc from "fast-check";
import { denialOf, DENIED_IPV4_RANGES } from "../../../lib/retrieval/crawl/address_ranges.ts";
import { normalizeUrl } from "../../../lib/retrieval/crawl/normalize_url.ts";
import { PUBLIC_SEEDS } from "../../../lib/retrieval/crawl/public_seeds.ts";
import { urlPolicy } from "../../../lib/retrieval/crawl/url_policy.ts";

/** Any UTF-16 units, well-formed or not. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

/** Every form in which a request to this machine, its network or its cloud can hide. */
const FORGERIES: Record<string, string[]> = {
  loopback: ["http://127.0.0.1/", "http://127.8.9.10/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/"],
  "this host": ["http://0.0.0.0/", "http://0/", "http://[::]/", "http://0.1.2.3/"],
  private: [
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
  ],
  "link-local": [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[fec0::1]/",
  ],
  "carrier-grade NAT": ["http://100.64.0.1/", "http://100.100.100.200/", "http://100.127.255.255/"],
  "cloud platform": ["http://168.63.129.16/"],
  multicast: ["http://224.0.0.1/", "http://239.255.255.250/", "http://[ff02::1]/"],
  reserved: [
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.0.8/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://192.88.99.1/",
    "http://[100::1]/",
    "http://[2001:db8::1]/",
  ],
  "decimal, hexadecimal, octal, short": [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0xA9FEA9FE/",
    "http://2852039166/",
    "http://10.1/",
  ],
  "other digits": ["http://１２７.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127%2e0%2e0%2e1/"],
  "IPv4 within IPv6": [
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[::a00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001::7f00:1]/",
    "http://[::ffff:0:7f00:1]/",
  ],
  "public IPv6": ["http://[2606:4700::1111]/"],
  "trailing dots": [
    "http://127.0.0.1./",
    "http://localhost./",
    "http://169.254.169.254./",
    "http://wiki.internal./",
    "http://localhost../",
  ],
  "local names": [
    "http://localhost/",
    "http://LOCALHOST/",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://wiki/",
    "http://nas.lan/",
    "http://router.home.arpa/",
    "http://mail.corp/",
    "http://1.0.0.127.in-addr.arpa/",
  ],
  schemes: [
    "file:///etc/passwd",
    "ftp://example.org/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "blob:http://example.org/1",
    "gopher://example.org/",
    "ws://example.org/",
    "about:blank",
  ],
  credentials: [
    "http://user:password@example.org/",
    "http://user@example.org/",
    "http://:secret@example.org/",
    "http://example.org@127.0.0.1/",
  ],
  ports: [
    "http://example.org:22/",
    "http://example.org:25/",
    "http://example.org:6667/",
    "https://example.org:0/",
    "http://example.org:5060/",
  ],
  "not URLs": [
    "",
    "http://",
    "http://[::1",
    "http://exa mple.org/",
    "http://300.1.1.1/",
    "http://1.2.3.4.5/",
    "http://example.org:99999/",
    "//",
    "http://%00/",
  ],
};

Deno.test("urlPolicy() refuses every forged way into this machine and its network", () => {
  const { check } = urlPolicy();
  let refused = 0;
  for (const [kind, urls] of Object.entries(FORGERIES)) {
    for (const url of urls) {
      const verdict = check(url);
      assert.equal(verdict.allowed, false, `${kind}: ${url} was allowed`);
      refused++;
    }
  }
  assert.equal(refused, Object.values(FORGERIES).flat().length);
  assert.ok(refused >= 90, `${refused} forms`);
  console.log(`${refused} forms refused`);
});

Deno.test("urlPolicy() refuses the same forms when they are redirected to or linked", () => {
  const { check } = urlPolicy();
  for (
    const url of [
      "//127.0.0.1/x",
      "//2130706433/",
      "//localhost/",
      "http:127.0.0.1",
      "\\\\127.0.0.1\\x",
      "/\\10.0.0.1/",
    ]
  ) {
    const verdict = check(url, "http://example.org/a/");
    if (verdict.allowed) assert.equal(verdict.url.hostname, "example.org", url);
  }
  assert.equal(check("//127.0.0.1/x", "http://example.org/").allowed, false);
  assert.equal(check("/\\10.0.0.1/", "http://example.org/").allowed, false);
});

Deno.test("urlPolicy() allows public names and addresses", () => {
  const { check } = urlPolicy();
  const urls = [
    "http://example.org/",
    "https://example.org:8443/a?b=c#d",
    "http://8.8.8.8/",
    "http://172.15.0.1/",
    "http://172.32.0.1/",
    "http://100.63.255.255/",
    "http://xn--bcher-kva.example/",
    "https://bücher.example/",
    "https://local.example.org/",
    "https://internal.org/",
  ];
  for (const url of urls) assert.deepEqual([url, check(url).allowed], [url, true]);
});

Deno.test("urlPolicy() lets exactly the hosts of allowHosts through", () => {
  const { check, allowHosts } = urlPolicy({ allowHosts: ["127.0.0.1:8123", "wiki.corp:80", "[::1]:9000"] });
  assert.deepEqual(allowHosts, ["127.0.0.1:8123", "wiki.corp:80", "[::1]:9000"]);
  for (const url of ["http://127.0.0.1:8123/a", "http://2130706433:8123/", "http://wiki.corp/", "http://[::1]:9000/"]) {
    const verdict = check(url);
    assert.ok(verdict.allowed && verdict.origin === "named", url);
  }
  for (
    const url of [
      "http://127.0.0.1/",
      "http://127.0.0.1:8124/",
      "http://127.0.0.2:8123/",
      "https://wiki.corp/",
      "http://localhost:8123/",
    ]
  ) {
    assert.equal(check(url).allowed, false, url);
  }
  // A public name that is named is one of the named hosts; its other ports are not.
  const named = urlPolicy({ allowHosts: ["example.org:80"] }).check("http://example.org/");
  assert.ok(named.allowed && named.origin === "named");
});

Deno.test("urlPolicy() refuses an allowHosts entry that is not a host with its port", () => {
  for (
    const host of [
      "127.0.0.1",
      "http://127.0.0.1:80",
      "127.0.0.1:0",
      "*:80",
      "*.corp:80",
      "a,b:80",
      "u@a:80",
      "127.0.0.1:70000",
      "a:b:80",
      "a b:80",
      "host:80/x",
    ]
  ) {
    assert.throws(() => urlPolicy({ allowHosts: [host] }), /expected a host with its port/, host);
  }
});

Deno.test("urlPolicy() refuses long URLs", () => {
  const { check } = urlPolicy({ maxUrlLength: 100 });
  assert.equal(check(`http://example.org/${"a".repeat(80)}`).allowed, true);
  assert.equal(check(`http://example.org/${"a".repeat(90)}`).allowed, false);
  // Short as it is written, long as it is sent.
  assert.equal(check(`http://example.org/${"é".repeat(40)}`).allowed, false);
});

Deno.test("urlPolicy() allows no address of a denied range in any notation", () => {
  const { check } = urlPolicy();
  const ranges = DENIED_IPV4_RANGES.map(({ range }) => {
    const [base, bits] = range.split("/");
    return { base: base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0), size: 2 ** (32 - Number(bits)) };
  });
  const address = fc.constantFrom(...ranges).chain(({ base, size }) =>
    fc.integer({ min: 0, max: size - 1 }).map((offset) => base + offset)
  );
  const notation = fc.constantFrom<(n: number) => string>(
    (n) => String(n),
    (n) => `0x${n.toString(16)}`,
    (n) => `0${n.toString(8)}`,
    (n) => parts(n).join("."),
    (n) => parts(n).map((part) => `0x${part.toString(16)}`).join("."),
    (n) => parts(n).map((part) => `0${part.toString(8)}`).join("."),
    (n) => `${parts(n).join(".")}.`,
    (n) => `[::ffff:${parts(n).join(".")}]`,
    (n) => `[64:ff9b::${parts(n).join(".")}]`,
    (n) => `[2002:${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}::1]`,
  );
  fc.assert(fc.property(address, notation, (n, write) => {
    assert.equal(check(`http://${write(n)}/`).allowed, false, write(n));
  }));
});

Deno.test("urlPolicy() survives any text", () => {
  const { check } = urlPolicy();
  const text = fc.oneof(
    anyText,
    fc.string().map((rest) => `http://${rest}`),
    fc.string({ unit: fc.constantFrom(..."012.:x[]f/@") }).map((rest) => `http://${rest}`),
  );
  fc.assert(
    fc.property(text, (url) => {
      const verdict = check(url);
      if (!verdict.allowed) return assert.ok(verdict.problem.length > 0);
      assert.match(verdict.url.protocol, /^https?:$/);
      assert.equal(verdict.url.username + verdict.url.password, "");
      assert.ok(verdict.url.hostname.includes("."));
    }),
    { numRuns: 50 },
  );
});

Deno.test("denialOf() lets public addresses through", () => {
  for (
    const address of [
      "8.8.8.8",
      "1.1.1.1",
      "9.255.255.255",
      "11.0.0.0",
      "223.255.255.255",
      "2606:4700::1111",
      "2a00:1450::1",
    ]
  ) {
    assert.equal(denialOf(address), undefined);
  }
  assert.match(denialOf("nonsense") ?? "", /is not an address/);
});

function parts(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

Deno.test("PUBLIC_SEEDS are public pages over https, each once and with its terms", () => {
  const policy = urlPolicy();
  for (const { url, licence } of PUBLIC_SEEDS) {
    assert.ok(policy.check(url).allowed, url);
    assert.equal(new URL(url).protocol, "https:");
    assert.equal(normalizeUrl(new URL(url)), url);
    assert.notEqual(licence, "");
  }
  assert.equal(new Set(PUBLIC_SEEDS.map(({ url }) => url)).size, PUBLIC_SEEDS.length);
});
