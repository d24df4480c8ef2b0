/** The options of trainers as their types have them, read from the source by `deno doc`. */

interface TypeDef {
  repr?: string;
  kind: string;
  value?: { typeName?: string; typeParams?: TypeDef[] } & Record<string, unknown>;
  typeRef?: { typeName: string; typeParams?: TypeDef[] };
}

/** Names of all properties of interfaces, with those that they extend; `Omit` is understood. */
export async function optionNames(
  files: readonly string[],
  names: readonly string[],
): Promise<Record<string, string[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", "--private", ...files] })
    .output();
  const interfaces = new Map<string, { properties: string[]; parents: unknown[] }>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { kind, name, def, declarations } = node as Record<string, unknown>;
    if (kind === "interface" && typeof def === "object" && def !== null) {
      const { properties = [], methods = [], extends: parents = [] } = def as Record<string, { name: string }[]>;
      interfaces.set(String(name), { properties: [...properties, ...methods].map(({ name }) => name), parents });
    }
    if (Array.isArray(declarations)) {
      for (const declaration of declarations) visit({ ...declaration, name });
      return;
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(JSON.parse(new TextDecoder().decode(stdout)));
  const all = (name: string): string[] => {
    const found = interfaces.get(name);
    if (!found) throw new Error(`deno doc shows no interface ${name} in ${files.join(", ")}`);
    return [...found.properties, ...found.parents.flatMap(ofType)];
  };
  const ofType = (type: unknown): string[] => {
    const { typeName, typeParams = [] } = referenceOf(type as TypeDef);
    if (typeName !== "Omit") return all(typeName);
    const left = JSON.stringify(typeParams[1]);
    return ofType(typeParams[0]).filter((name) => !left.includes(`"${name}"`));
  };
  return Object.fromEntries(names.map((name) => [name, [...new Set(all(name))].sort()]));
}

function referenceOf(type: TypeDef): { typeName: string; typeParams?: TypeDef[] } {
  const found = type.typeRef ?? type.value;
  if (!found?.typeName) throw new Error(`no reference to a type: ${JSON.stringify(type).slice(0, 200)}`);
  return { typeName: found.typeName, typeParams: found.typeParams ?? [] };
}
