// Requests to the service
//
// Filters come from GET /index, further pages from the cursor of an answer; without these, the page offers neither.

const MAX_FACETS = 16;

let stateAsked = null;

function catalogState() {
  stateAsked = stateAsked || call(route("index"));
  // The next search asks again.
  stateAsked.catch(() => (stateAsked = null));
  return stateAsked;
}

async function filterable() {
  try {
    return (await catalogState()).filterable || [];
  } catch {
    return [];
  }
}

function isNumber({ type }) {
  return type === "number";
}

// The attributes whose values are counted with each search: none if the index has a vector base, which counts nothing.
async function facetNames() {
  const attributes = await filterable();
  const { vector_base: base } = await catalogState().catch(() => ({}));
  if (base && base.state === "serving") return [];
  const names = attributes.filter((attribute) => !isNumber(attribute)).map(({ name }) => name);
  return names.slice(0, MAX_FACETS);
}

async function ask(query, cursor, signal) {
  const counted = await facetNames();
  try {
    return await searchWith(query, cursor, counted, signal);
  } catch (error) {
    if (error.kind !== "not-with-vector-base" || !counted.length) throw error;
    // The index got a vector base after the page had asked for its state.
    stateAsked = null;
    return searchWith(query, cursor, [], signal);
  }
}

async function searchWith(query, cursor, counted, signal) {
  const parameters = [["k", query.k], ["min_score", -1], ...filterParameters(query.filters)];
  if (counted.length) parameters.push(["facets", counted.join(",")]);
  if (cursor) parameters.push(["cursor", cursor]);
  const { product, image, crop } = query;
  if (product && !crop) return call(similarTo(product, parameters), { signal });
  // With a decimal point, the numbers are shares of the sides.
  if (crop) parameters.push(["crop", crop.map((share) => share.toFixed(3)).join(",")]);
  const body = image
    ? await bodyOf(image, crop)
    : JSON.stringify({ key: query.key || (await mainImage(product)).key });
  const headers = { "content-type": image ? body.type || "application/octet-stream" : "application/json" };
  return call(route("search", parameters), { method: "POST", body, headers, signal });
}

function similarTo(product, parameters) {
  return route("products/" + encodeURIComponent(product) + "/similar", parameters);
}

// Counts an attribute's values without its own filter, so that a second value can be chosen beside the first. Counts do
// not depend on the query, so the cheapest search does it.
async function countsBeside(query, attribute, product, signal) {
  const others = new Map([...query.filters].filter(([name]) => name !== attribute));
  const parameters = [["k", 1], ["min_score", -1], ["facets", attribute], ...filterParameters(others)];
  const answer = await call(similarTo(product, parameters), { signal });
  return (answer.facets || {})[attribute] || [];
}

// `category=boot,hat` matches either value; separate filters all have to match. Quotes keep a value together.
function filterParameters(filters) {
  const parameters = [];
  const quoted = (value) =>
    /^[^\s",]([^",]*[^\s",])?$/.test(value) ? value : '"' + value.replaceAll(/["\\]/g, "\\$&") + '"';
  for (const [attribute, { is, min, max }] of filters) {
    if (is.length) parameters.push(["filter", attribute + "=" + is.map(quoted).join(",")]);
    if (min) parameters.push(["filter", attribute + ">=" + min]);
    if (max) parameters.push(["filter", attribute + "<=" + max]);
  }
  return parameters;
}

const products = new Map();

function productAt(id) {
  if (!products.has(id)) {
    const asked = call(route("products/" + encodeURIComponent(id)));
    products.set(id, asked);
    asked.catch(() => products.delete(id));
  }
  return products.get(id);
}

async function mainImage(id) {
  const [image] = (await productAt(id)).images;
  if (image) return image;
  throw new Problem("The product has no photo", "Search with another product.");
}
