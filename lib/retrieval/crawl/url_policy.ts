/** Which URLs a crawler may ask for at all, before robots.txt has its say. Every link and every redirect passes here. */
import ipaddr from "ipaddr.js";
import { denialOf } from "./address_ranges.ts";

/** A URL that may be fetched, or why not. */
export type UrlVerdict =
  | { allowed: true; url: URL; origin: "public" | "named" }
  | { allowed: false; problem: string };

export interface UrlPolicyOptions {
  /**
   * Hosts with their ports, such as `"127.0.0.1:8123"` or `"wiki.corp:80"`, that may be fetched although they are not
   * public. Only exactly this spelling of the host counts.
   */
  allowHosts?: readonly string[];
  /** Longest URL, in characters. Default 2000. */
  maxUrlLength?: number;
}

/** Says of URLs whether they may be fetched. */
export interface UrlPolicy {
  /** The named hosts, as `host:port`. */
  readonly allowHosts: readonly string[];
  /**
   * @param text a URL, absolute or relative to `base`
   */
  check(text: string, base?: string | URL): UrlVerdict;
}

/** Endings of names that stand for machines nearby (RFC 6761, 6762, 8375, ICANN's reserved `.internal`, and customs). */
const LOCAL_ENDINGS = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "in-addr.arpa",
  "ip6.arpa",
  "onion",
  "test",
  "invalid",
];

/** Ports that no browser connects to, since other protocols listen there: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED_PORTS = new Set(
  ("0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137 " +
    "139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 " +
    "1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080").split(" ").map(Number),
);

/**
 * Makes a policy.
 *
 * @throws {TypeError} when an entry of `allowHosts` is not a host with its port
 */
export function urlPolicy(options: UrlPolicyOptions = {}): UrlPolicy {
  const { maxUrlLength = 2000 } = options;
  const allowHosts = (options.allowHosts ?? []).map(readAllowedHost);
  return { allowHosts, check };

  function check(text: string, base?: string | URL): UrlVerdict {
    if (text.length > maxUrlLength) return refused(`the URL has ${text.length} characters, more than ${maxUrlLength}`);
    let url: URL;
    try {
      url = new URL(text, base);
    } catch {
      return refused(`${quoted(text)} is not a URL`);
    }
    if (url.href.length > maxUrlLength) {
      return refused(`the URL has ${url.href.length} characters, more than ${maxUrlLength}`);
    }
    if (url.protocol !== "http:" && url.protocol !== "https:") return refused(`${url.protocol} is not http: or https:`);
    if (url.username !== "" || url.password !== "") return refused("the URL carries a user name or password");
    if (allowHosts.includes(hostWithPort(url))) return { allowed: true, url, origin: "named" };
    if (BLOCKED_PORTS.has(portOf(url))) return refused(`port ${portOf(url)} belongs to another protocol`);
    const problem = hostProblem(url.hostname);
    return problem === undefined ? { allowed: true, url, origin: "public" } : refused(problem);
  }
}

/** `host:port`, the port also where it is the scheme's own. */
export function hostWithPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

/**
 * What is wrong with a host, as the URL parser wrote it: by then decimal, octal, hexadecimal and short forms of IPv4 are
 * four decimal parts, and names are lower case ASCII.
 */
function hostProblem(hostname: string): string | undefined {
  if (hostname.startsWith("[")) {
    const address = hostname.slice(1, -1);
    // Deno 2.9 cannot deny ranges of IPv6, so the fetching process connects over IPv4 alone; see fetch_process.ts.
    return denialOf(address) ?? `${address} is IPv6: the crawler connects over IPv4 only. Use the host's name`;
  }
  const name = hostname.replace(/\.+$/, "");
  if (name === "") return "the URL has no host";
  if (ipaddr.IPv4.isValidFourPartDecimal(name)) return denialOf(name);
  // Anything else that a resolver may take for a number, such as 0x7f.1 with a dot more than the URL parser expects.
  if (/(^|\.)(0x[0-9a-f]*|\d+)$/.test(name)) return `${hostname} is a malformed address`;
  if (!name.includes(".")) return `${hostname} is a name of the local network`;
  const local = LOCAL_ENDINGS.find((ending) => name === ending || name.endsWith(`.${ending}`));
  return local && `${hostname} is a name of the local network (.${local})`;
}

function readAllowedHost(text: string): string {
  const port = Number(/:(\d{1,5})$/.exec(text)?.[1]);
  const hostname = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`).hostname : "";
  // Neither lists nor wildcards: it becomes a permission of the fetching process.
  const isHost = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(hostname) && /^[^\s/?#@\\]+$/.test(text);
  if (isHost && port >= 1 && port <= 65535) return `${hostname}:${port}`;
  throw new TypeError(`allowHosts names ${quoted(text)}: expected a host with its port, such as "127.0.0.1:8123"`);
}

function refused(problem: string): UrlVerdict {
  return { allowed: false, problem };
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= 100 ? text : `${text.slice(0, 97)}...`);
}
