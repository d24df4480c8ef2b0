/** What may be shown of a run's parameters. */

/** Names of what nobody else should read, as words of a name in camelCase or snake_case. */
const SECRET_NAMES = /^(token|secret|password|passwd|passphrase|apikey|credentials?|authorization|cookie)$/;

/** Keys of well-known services, and addresses with a password in them. */
const SECRET_VALUES =
  /\b(hf_|sk-|ghp_|github_pat_|xox[abp]-|AKIA|AIza)[\w-]{8,}|\bBearer\s+\S|:\/\/[^/\s:@]+:[^/\s@]+@/;

/**
 * A copy of parameters without those that may be secrets, by their names or by how their values look, at any depth; numbers
 * and truth values always stay (`maxTokens: 96` is no token).
 *
 * @returns the copy, and the names of what was left out
 */
export function publicParameters(
  parameters: Readonly<Record<string, unknown>>,
): { parameters: Record<string, unknown>; removed: string[] } {
  const removed: string[] = [];
  const visit = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((each, at) => visit(each, `${path}[${at}]`));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => {
          const inside = path === "" ? name : `${path}.${name}`;
          return [name, isSecretName(name) ? left(each, inside) : visit(each, inside)];
        }),
      );
    }
    return typeof value === "string" && SECRET_VALUES.test(value) ? left(value, path) : value;
  };
  const left = (value: unknown, path: string): unknown => {
    if (value === null || typeof value === "number" || typeof value === "boolean" || value === "") return value;
    removed.push(path);
    return "(left out)";
  };
  return { parameters: visit(parameters, "") as Record<string, unknown>, removed };
}

function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[\s_.-]+/).map((word) => word.toLowerCase());
  const isKey = (at: number) => words.length === 1 || /^(api|access|auth|private)$/.test(words[at - 1] ?? "");
  return words.some((word, at) => SECRET_NAMES.test(word) || (word === "key" && isKey(at)));
}
