/** What a model is told of something that went wrong inside a tool. */

const MAX_LENGTH = 300;

/** A path of files with at least two names; not the slashes of an address or a fraction. */
const UNIX_PATH = /(?<![\w.:/)\]])(?:~|\.{1,2})?(?:\/[\p{L}\p{N}_.@+-]+){2,}\/?/gu;
const WINDOWS_PATH = /\b[A-Za-z]:\\[^\s"'<>|]*|\\\\[^\s"'<>|]+/g;
const FILE_URL = /\bfile:\/\/[^\s"'<>)]*/gi;
/** A key or a name with a password could stand in an address. */
const ADDRESS = /\b((?:https?|wss?|ftp):\/\/)([^\s"'<>)]*)/gi;

/**
 * The message of what was thrown, on one line, at most 300 characters, without stack, without paths of this machine, and
 * without what an address has besides host and path. It is for the model and stays in the chat.
 */
export function failureText(thrown: unknown): string {
  const text = messageOf(thrown)
    .toWellFormed()
    .slice(0, 10 * MAX_LENGTH)
    // A stack that was made part of a message.
    .replace(/\n\s+at [^\n]*/g, "")
    .replace(FILE_URL, "a file")
    .replace(ADDRESS, (_, scheme: string, rest: string) => scheme + rest.replace(/^[^/]*@/, "").replace(/[?#].*$/, ""))
    .replace(WINDOWS_PATH, "a file")
    .replace(UNIX_PATH, "a file")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (text === "") return "the tool failed";
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 4).toWellFormed()} ...`;
}

function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === "string") return thrown;
    if (typeof thrown !== "object" || thrown === null) return "";
    // Not by instanceof: an error of another realm, such as a worker's, is one too.
    const message: unknown = (thrown as { message?: unknown }).message;
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}
