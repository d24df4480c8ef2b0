/**
 * Which addresses a crawler may connect to: public ones. Everything that leads back into this machine, its network or its
 * cloud platform, or to nobody, is denied.
 *
 * Source: the IANA registries of special-purpose addresses, https://www.iana.org/assignments/iana-ipv4-special-registry and
 * https://www.iana.org/assignments/iana-ipv6-special-registry (RFC 6890).
 */
import ipaddr from "ipaddr.js";

/** The denied IPv4 ranges and what they are; the fetching process is started with `--deny-net` of them. */
export const DENIED_IPV4_RANGES: readonly { range: string; meaning: string }[] = [
  { range: "0.0.0.0/8", meaning: "this host" },
  { range: "10.0.0.0/8", meaning: "a private network" },
  { range: "100.64.0.0/10", meaning: "a provider's own network (CGNAT)" },
  { range: "127.0.0.0/8", meaning: "loopback" },
  { range: "168.63.129.16/32", meaning: "a cloud platform's own service" },
  { range: "169.254.0.0/16", meaning: "link-local, where clouds serve their credentials" },
  { range: "172.16.0.0/12", meaning: "a private network" },
  { range: "192.0.0.0/24", meaning: "protocol assignments" },
  { range: "192.0.2.0/24", meaning: "documentation" },
  { range: "192.88.99.0/24", meaning: "a relay into IPv6 (6to4)" },
  { range: "192.168.0.0/16", meaning: "a private network" },
  { range: "198.18.0.0/15", meaning: "benchmarking" },
  { range: "198.51.100.0/24", meaning: "documentation" },
  { range: "203.0.113.0/24", meaning: "documentation" },
  { range: "224.0.0.0/4", meaning: "multicast" },
  { range: "240.0.0.0/4", meaning: "reserved, and broadcast" },
];

const IPV4_SUBNETS = DENIED_IPV4_RANGES.map(({ range, meaning }) => ({
  subnet: ipaddr.IPv4.parseCIDR(range),
  meaning,
}));

/** What ipaddr.js calls a range, in words. A range that it names and that is not here is denied under its own name. */
const IPV6_MEANINGS: Record<string, string> = {
  unspecified: "this host",
  loopback: "loopback",
  linkLocal: "link-local",
  uniqueLocal: "a private network",
  deprecatedSiteLocal: "a private network",
  multicast: "multicast",
  reserved: "reserved",
  discard: "discarded",
};

/**
 * Why a crawler may not connect to an address, or undefined for a public one. An IPv6 address that carries an IPv4 one
 * (mapped, compatible, NAT64, 6to4, Teredo) is denied whatever it carries: it is a way around rules for IPv4.
 *
 * @param address IPv4 in four decimal parts, or IPv6 without brackets
 */
export function denialOf(address: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const parsed = ipaddr.IPv4.parse(address);
    const denied = IPV4_SUBNETS.find(({ subnet }) => parsed.match(subnet));
    return denied && `${address} is ${denied.meaning}`;
  }
  if (!ipaddr.IPv6.isValid(address)) return `${address} is not an address`;
  const parsed = ipaddr.IPv6.parse(address);
  const range = parsed.range();
  if (carriesIpv4(parsed, range)) return `${address} carries an IPv4 address`;
  if (range === "unicast") return undefined;
  return `${address} is ${IPV6_MEANINGS[range] ?? range}`;
}

const CARRIERS = new Set(["ipv4Mapped", "rfc6145", "rfc6052", "6to4", "teredo"]);

function carriesIpv4(address: ipaddr.IPv6, range: string): boolean {
  if (CARRIERS.has(range)) return true;
  // ::a.b.c.d, deprecated, but still understood by some systems.
  return address.parts.slice(0, 6).every((part) => part === 0) && address.parts[6] !== 0;
}
