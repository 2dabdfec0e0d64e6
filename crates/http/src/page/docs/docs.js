// The OpenAPI document as a page

const METHODS = ["get", "post", "put", "patch", "delete"];

function operations() {
  const all = [];
  for (const [path, item] of Object.entries(doc.paths || {})) {
    for (const method of METHODS) {
      if (item[method])
        all.push({
          path,
          method,
          ...item[method],
          parameters: [...(item.parameters || []), ...(item[method].parameters || [])].map(resolve)
        });
    }
  }
  return all;
}

function idOf({ method, path }) {
  return method + path.replaceAll(/[^\w]+/g, "-").replace(/-$/, "");
}

function table(titles, rows) {
  const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
  return make(
    "div",
    { class: "wide", tabindex: 0, role: "group", "aria-label": titles[0] + " table" },
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))
  );
}

function row(name, needed, schema, description) {
  const mark = needed ? make("p", { class: "needed" }, "required") : "";
  // The description of a nullable member is in its type.
  const [inner = {}] = schema.oneOf || [];
  const words = [...prose(description || inner.description || resolve(schema).description).children];
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, make("code", {}, name), mark),
    make("td", {}, ...typeOf(schema)),
    make("td", {}, ...words, ...notesOf(schema.$ref ? {} : schema))
  );
}

function membersTable(schema) {
  const { members, needed } = membersOf(schema);
  return members.size
    ? table(
        ["Member", "Type", "Meaning"],
        [...members].map(([name, member]) => row(name, needed.has(name), member))
      )
    : "";
}

function pretty(value) {
  return make("pre", { tabindex: 0 }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function quoted(text) {
  return `'${text}'`;
}

function addressOf({ path, parameters }, values) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values.get(name) || "…"));
  const query = parameters.filter((one) => one.in === "query" && values.get(one.name));
  return route(
    filled.slice(1),
    query.map(({ name }) => [name, values.get(name)])
  );
}

function commandsOf(operation) {
  const values = new Map(
    operation.parameters
      .filter((one) => one.in === "path" || one.name === "k")
      .map((one) => [one.name, String(one.example ?? (one.schema || {}).example ?? "boot-001")])
  );
  const url = quoted(addressOf(operation, values).href);
  const types = Object.entries((operation.requestBody || {}).content || {});
  if (!types.length) return ["curl " + url];
  const commands = types.map(([type, { schema, example }]) => {
    if (type.includes("json"))
      return `curl --json ${quoted(JSON.stringify(example ?? slim(exampleOf(schema))))} ${url}`;
    if (type.startsWith("multipart/")) return `curl -F image=@photo.jpg ${url}`;
    return `curl --data-binary @photo.jpg ${url}`;
  });
  return [...new Set(commands)].sort((one, other) => one.length - other.length);
}

// An example with all members is often not valid.
function slim(example) {
  const name = ["key", "query"].find((one) => example && example[one]);
  return name ? { [name]: example[name] } : example;
}

function isImage(type) {
  return type.startsWith("image/") || type === "application/octet-stream";
}

function bodyPart([type, { schema, example }]) {
  const title = make(
    "p",
    {},
    make("code", {}, type),
    " – ",
    ...(isImage(type) ? ["the bytes of the image"] : typeOf(schema))
  );
  const given = example ?? resolve(schema).example;
  return make("div", {}, title, given === undefined ? "" : pretty(given));
}

function responseRow([status, response]) {
  const { description, content } = resolve(response);
  const types = Object.entries(content || {}).flatMap(([type, { schema, examples }]) => [
    make("p", { class: "small" }, make("code", {}, type), ...(schema ? [" – ", ...typeOf(schema)] : [])),
    examples ? make("p", { class: "small" }, ...Object.keys(examples).flatMap(problemLink)) : ""
  ]);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, make("code", {}, status)),
    make("td", {}, ...prose(description).children, ...types)
  );
}

function problemLink(name, place) {
  return [place ? ", " : "", make("a", { href: "#problem-" + name }, name)];
}

function problemRow([name, example]) {
  const { summary, value } = resolve(example);
  return make(
    "tr",
    { id: "problem-" + name },
    make("th", { scope: "row" }, make("code", {}, name)),
    make("td", {}, value.status),
    make("td", {}, make("p", {}, summary), make("p", { class: "soft small" }, ...inline("Such as: " + value.detail)))
  );
}

function article(operation) {
  const { method, path, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody && Object.entries(requestBody.content || {});
  const reply = Object.entries(responses || {})
    .map(([status, response]) => [status, resolve(response)])
    .find(([status]) => status.startsWith("2"));
  const json = reply && reply[1].content && reply[1].content["application/json"];
  const parts = [
    make("h3", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path)),
    make("p", {}, make("strong", {}, summary || "")),
    prose(description),
    ...commandsOf(operation).map(pretty)
  ];
  if (parameters.length)
    parts.push(
      make("h4", {}, "Parameters"),
      table(
        ["Name", "Type", "Meaning"],
        parameters.map((one) => row(one.name, one.required, one.schema, one.description))
      )
    );
  if (body && body.length)
    parts.push(make("h4", {}, "Body"), prose(requestBody.description), ...body.map(bodyPart));
  parts.push(
    make("h4", {}, "Answers"),
    table(["Status", "Meaning"], Object.entries(responses || {}).map(responseRow))
  );
  if (json && json.schema)
    parts.push(
      make(
        "details",
        {},
        make("summary", {}, "Example of an answer"),
        pretty(json.example ?? exampleOf(json.schema))
      )
    );
  parts.push(tryOut(operation));
  return make("article", { class: "item", id: idOf(operation) }, ...parts);
}

// A form that sends the request from this page.
function tryOut(operation) {
  const types = Object.entries((operation.requestBody || {}).content || {});
  const field = (label, element) => make("label", {}, label, element);
  const inputs = operation.parameters.map((one) =>
    field(
      one.name,
      make("input", {
        class: "field",
        name: one.name,
        required: one.required,
        placeholder: one.example === undefined ? "" : String(one.example)
      })
    )
  );
  if (types.some(([type]) => !type.includes("json")))
    inputs.push(
      field(
        "Image as the body",
        make("input", { class: "field", name: "file", type: "file", accept: "image/*" })
      )
    );
  const json = types.find(([type]) => type.includes("json"));
  if (json)
    inputs.push(
      field(
        "JSON as the body",
        make(
          "textarea",
          { class: "field", name: "json", spellcheck: "false" },
          types.length > 1 ? "" : JSON.stringify(exampleOf(json[1].schema), null, 2)
        )
      )
    );
  const answer = make("div", { "aria-live": "polite" });
  const form = make(
    "form",
    { class: "try", submit: (event) => send(event, operation, answer) },
    ...inputs,
    make("button", { class: "button", type: "submit" }, "Send"),
    answer
  );
  return make("details", {}, make("summary", {}, "Try it"), form);
}

async function send(event, operation, answer) {
  event.preventDefault();
  const form = event.target;
  const values = new Map(operation.parameters.map(({ name }) => [name, form.elements[name].value]));
  const options = { method: operation.method.toUpperCase() };
  const file = form.elements.file && form.elements.file.files[0];
  const json = form.elements.json && form.elements.json.value.trim();
  if (file)
    Object.assign(options, {
      body: file,
      headers: { "content-type": file.type || "application/octet-stream" }
    });
  else if (json) Object.assign(options, { body: json, headers: { "content-type": "application/json" } });
  answer.replaceChildren("Sending…");
  const began = performance.now();
  try {
    const response = await fetch(addressOf(operation, values), options);
    const text = await response.text();
    // Pages are not JSON.
    const shown = /^[[{]/.test(text) ? JSON.parse(text) : text.slice(0, 20_000);
    const id = response.headers.get("x-request-id");
    const took = shownMilliseconds(performance.now() - began);
    const line = `${response.status} in ${took}${id ? ", request " + id : ""}`;
    answer.replaceChildren(make("p", {}, line), pretty(shown));
  } catch (error) {
    answer.replaceChildren("The service cannot be reached: " + error.message);
  }
}

function schemaItem([name, schema]) {
  const whole = resolve(schema);
  const members = membersTable(whole);
  const variants = !members && (whole.oneOf || whole.anyOf) ? make("p", {}, ...typeOf(whole)) : "";
  return make(
    "div",
    { class: "item", id: "schema-" + name },
    make("h3", {}, make("code", {}, name)),
    prose(whole.description),
    members || variants || make("p", {}, ...typeOf(whole)),
    ...(members ? [] : notesOf(whole))
  );
}

function show() {
  const { info = {}, tags = [], components = {} } = doc;
  at("title").textContent = `${info.title || "API"} ${info.version || ""}`.trim();
  at("about").replaceChildren(
    prose(info.description),
    make("p", {}, "The service is at ", make("code", {}, base.href.replace(/\/$/, "")), ".")
  );
  const all = operations();
  const names = [
    ...new Set([...tags.map(({ name }) => name), ...all.map((one) => (one.tags || ["other"])[0])])
  ];
  const content = [];
  const contents = [];
  const list = (title, entries) =>
    contents.push(make("p", {}, title), make("ul", {}, ...entries.map((entry) => make("li", {}, entry))));
  for (const name of names) {
    const mine = all.filter((one) => (one.tags || ["other"])[0] === name);
    if (!mine.length) continue;
    const tag = tags.find((one) => one.name === name) || {};
    content.push(
      make(
        "section",
        { "aria-label": readable(name) },
        make("h2", {}, readable(name)),
        prose(tag.description),
        ...mine.map(article)
      )
    );
    list(
      readable(name),
      mine.map((one) =>
        make(
          "a",
          { href: "#" + idOf(one) },
          make("span", { class: "method" }, one.method.toUpperCase()),
          make("span", {}, ...one.path.split("/").flatMap((part, at) => (at ? [make("wbr"), "/" + part] : [part])))
        )
      )
    );
  }
  const problems = Object.entries(components.examples || {});
  if (problems.length) {
    content.push(
      make(
        "section",
        { id: "problems", "aria-label": "Problems" },
        make("h2", {}, "Problems"),
        prose("The last part of a problem's `type`, and its meaning."),
        table(["Problem", "Status", "Meaning"], problems.map(problemRow))
      )
    );
    list("Problems", [make("a", { href: "#problems" }, "All kinds")]);
  }
  const schemas = Object.entries(components.schemas || {}).sort(([one], [other]) => one.localeCompare(other));
  if (schemas.length) {
    content.push(
      make("section", { "aria-label": "Schemas" }, make("h2", {}, "Schemas"), ...schemas.map(schemaItem))
    );
    list(
      "Schemas",
      schemas.map(([name]) => make("a", { href: "#schema-" + name }, name))
    );
  }
  at("content").replaceChildren(...content);
  at("contents").replaceChildren(...contents);
  const wanted = location.hash.length > 1 && at(decodeURIComponent(location.hash.slice(1)));
  if (wanted) wanted.scrollIntoView();
}

call(route("openapi.json")).then((found) => {
  doc = found;
  show();
}, showProblemBox);
