// Schemas in words, and examples of values

let doc = {};

function resolve(part) {
  if (!part || !part.$ref) return part || {};
  const steps = part.$ref
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
  return resolve(steps.reduce((inner, step) => (inner || {})[step], doc));
}

function nameIn(reference) {
  return reference.split("/").pop();
}

// The type as words and links, such as "list of FoundProduct".
function typeOf(schema) {
  if (!schema) return ["anything"];
  if (schema.$ref) return [make("a", { href: "#schema-" + nameIn(schema.$ref) }, nameIn(schema.$ref))];
  const several =
    schema.oneOf ||
    schema.anyOf ||
    (schema.allOf && schema.allOf.length > 1 && !schema.properties && schema.allOf);
  if (several)
    return several.flatMap((one, place) =>
      place ? [schema.allOf ? " and " : " or ", ...typeOf(one)] : typeOf(one)
    );
  if (schema.allOf && schema.allOf.length === 1) return typeOf(schema.allOf[0]);
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  const types = [schema.type || "anything"].flat();
  return types.flatMap((type, place) => {
    const words =
      type === "array"
        ? ["list of ", ...typeOf(schema.items)]
        : [type === "null" ? "null" : schema.contentEncoding || (schema.format === "binary" ? "bytes" : type)];
    if (type === "object" && schema.additionalProperties && schema.additionalProperties.type)
      words.push(" of ", ...typeOf(schema.additionalProperties));
    return place ? [" or ", ...words] : words;
  });
}

// Limits, default and example of a value.
function notesOf(schema) {
  const { minimum, maximum, minLength, maxLength, maxItems } = schema;
  const notes = [];
  if (minimum !== undefined || maximum !== undefined)
    notes.push(`from ${minimum ?? "any"} to ${maximum ?? "any"}`);
  if (minLength !== undefined || maxLength !== undefined)
    notes.push(`${minLength ?? 0} to ${maxLength ?? "any number of"} characters`);
  if (maxItems !== undefined) notes.push(`at most ${maxItems}`);
  if (schema.default !== undefined) notes.push("default " + JSON.stringify(schema.default));
  const nodes = notes.length ? [make("p", { class: "soft small" }, notes.join(", "))] : [];
  if (schema.enum)
    nodes.push(
      make(
        "p",
        { class: "small" },
        "One of ",
        ...schema.enum.flatMap((value, place) => [place ? ", " : "", make("code", {}, String(value))])
      )
    );
  return nodes;
}

function membersOf(schema) {
  const whole = resolve(schema);
  const members = new Map();
  const needed = new Set(whole.required || []);
  for (const part of whole.allOf || []) {
    const inner = membersOf(part);
    for (const [name, member] of inner.members) members.set(name, member);
    for (const name of inner.needed) needed.add(name);
  }
  for (const [name, member] of Object.entries(whole.properties || {})) members.set(name, member);
  return { members, needed };
}

function exampleOf(schema, depth = 0) {
  const whole = resolve(schema);
  const given =
    whole.example ?? (whole.examples && [].concat(Object.values(whole.examples))[0]) ?? whole.default;
  if (given !== undefined && given !== null) return given;
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  const choice = (whole.oneOf || whole.anyOf || []).find((one) => one.type !== "null");
  if (choice) return depth < 6 ? exampleOf(choice, depth + 1) : null;
  const { members } = membersOf(whole);
  if (members.size) {
    return depth < 6
      ? Object.fromEntries([...members].map(([name, member]) => [name, exampleOf(member, depth + 1)]))
      : {};
  }
  const type = [].concat(whole.type).find((one) => one && one !== "null");
  if (type === "array") return depth < 6 ? [exampleOf(whole.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return Math.max(whole.minimum || 0, type === "number" ? 0.5 : 1);
  return { boolean: true, object: {}, string: "…" }[type] ?? null;
}

// Descriptions are CommonMark; this renders the subset that the service writes: paragraphs, lists, code.
function prose(text) {
  const blocks = String(text || "")
    .split(/\n\s*\n/)
    .filter((block) => block.trim());
  return make(
    "div",
    { class: "prose" },
    ...blocks.map((block) => {
      const lines = block.trim().split("\n");
      if (lines.every((line) => /^\s*[-*] |^\s{2,}/.test(line))) {
        const items = block
          .trim()
          .split(/^\s*[-*] /m)
          .filter((item) => item.trim());
        return make("ul", {}, ...items.map((item) => make("li", {}, ...inline(item))));
      }
      return make("p", {}, ...inline(lines.join(" ")));
    })
  );
}

function inline(text) {
  return text
    .split(/(`[^`]+`)/)
    .map((piece) => (/^`.+`$/.test(piece) ? make("code", {}, piece.slice(1, -1)) : piece));
}
