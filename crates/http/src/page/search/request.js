// Asking the service
//
// Filters come from what GET /index lists, more pages from a cursor that an answer brings; where a service gives
// neither, they are not offered.

const MOST_FACETS = 16;

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

async function ask(query, cursor, signal) {
  const attributes = await filterable();
  const parameters = [["k", query.k], ["min_score", -1], ...filterParameters(query.filters)];
  const facets = attributes.filter((attribute) => !isNumber(attribute)).map(({ name }) => name);
  if (facets.length) parameters.push(["facets", facets.slice(0, MOST_FACETS).join(",")]);
  if (cursor) parameters.push(["cursor", cursor]);
  const { product, picture, crop } = query;
  if (product && !crop) return call(similarTo(product, parameters), { signal });
  // With a decimal point they are shares of the picture.
  if (crop) parameters.push(["crop", crop.map((share) => share.toFixed(3)).join(",")]);
  const body = picture
    ? await bodyOf(picture, crop)
    : JSON.stringify({ key: query.key || (await mainPicture(product)).key });
  const headers = { "content-type": picture ? body.type || "application/octet-stream" : "application/json" };
  return call(route("search", parameters), { method: "POST", body, headers, signal });
}

function similarTo(product, parameters) {
  return route("products/" + encodeURIComponent(product) + "/similar", parameters);
}

// Counts of an attribute's values as they would be without its own filter, so that a second value can be
// chosen beside the first. Counts do not depend on what is looked for: the cheapest search there is will do.
async function countsBeside(query, attribute, product, signal) {
  const others = new Map([...query.filters].filter(([name]) => name !== attribute));
  const parameters = [["k", 1], ["min_score", -1], ["facets", attribute], ...filterParameters(others)];
  const answer = await call(similarTo(product, parameters), { signal });
  return (answer.facets || {})[attribute] || [];
}

// `category=boot,hat` means one of both; conditions of their own mean all of them. Quotes keep a value together.
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

async function mainPicture(id) {
  const [picture] = (await productAt(id)).images;
  if (picture) return picture;
  throw new Problem("The product has no picture", "Search with another one.");
}
