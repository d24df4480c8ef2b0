/** A file of the page as an answer. */
import { PAGE_SECURITY_POLICY, type PageFile } from "../page/mod.ts";

/** Compressed where the client takes that; 304 where it has the file already. */
export function pageResponse({ body, gzip, contentType, etag }: PageFile, request: Request): Response {
  const isCompressed = acceptsGzip(request.headers.get("accept-encoding") ?? "");
  const headers: Record<string, string> = {
    "content-type": contentType,
    "content-security-policy": PAGE_SECURITY_POLICY,
    "cache-control": "no-cache",
    // One tag for both forms has to be a weak one.
    etag: `W/${etag}`,
    vary: "accept-encoding",
  };
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return new Response(null, { status: 304, headers });
  if (isCompressed) headers["content-encoding"] = "gzip";
  return new Response(isCompressed ? gzip : body, { headers });
}

/** Whether a header `accept-encoding` names gzip, and not only to refuse it. */
function acceptsGzip(header: string): boolean {
  return header.toLowerCase().split(",").some((each) => {
    const [coding, ...parameters] = each.split(";").map((part) => part.trim());
    return coding === "gzip" && !parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter));
  });
}
