"use strict";

// A body reaches a Lambda function in base64 and may have 6 MB there: 4.4 MB of picture.
const MAX_BYTES = 4.4e6;
// Below both, a picture is sent as it is; above, the network sees 224 pixels of it anyway.
const GOOD_BYTES = 1e6;
const GOOD_SIDE = 1024;

// The page may be served under a prefix, with or without a slash at its end.
const base = new URL(location.pathname.replace(/\/*$/, "/"), location.origin);
const at = (id) => document.getElementById(id);

let running = null;
let repeat = null;
let preview = null;

// Pictures of this visit, so that going back finds them again; the history holds their places here.
const pictures = [];

function route(path, parameters) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(parameters || {})) url.searchParams.set(name, value);
  return url;
}

class Problem extends Error {
  constructor(title, detail, requestId) {
    super(detail);
    this.title = title;
    this.requestId = requestId;
  }
}

async function call(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service cannot be reached", "Check the connection and try again.");
  }
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not every gateway speaks JSON: what can be said then is the status.
  }
  if (response.ok && body) return body;
  const id = (body && body.request_id) || response.headers.get("x-request-id");
  const title = (body && body.title) || "The service answered with status " + response.status;
  throw new Problem(title, (body && (body.detail || body.message)) || "", id);
}

// Finding

async function find(request, subject) {
  if (running) running.abort();
  const mine = (running = new AbortController());
  repeat = () => find(request, subject);
  showSubject(subject);
  at("problem").hidden = true;
  at("status").textContent = "Searching…";
  at("results").classList.add("waiting");
  try {
    const answer = await request(mine.signal);
    if (mine === running) showAnswer(answer);
  } catch (error) {
    if (mine === running && error.name !== "AbortError") showProblem(error);
  } finally {
    if (mine === running) at("results").classList.remove("waiting");
  }
}

function takePicture(file) {
  if (!file.type.startsWith("image/")) {
    showProblem(new Problem("This is not a picture", "Use a JPEG, PNG, WebP or GIF file."));
    return;
  }
  pictures.push(file);
  history.pushState({ picture: pictures.length - 1 }, "", withoutHash());
  findByPicture(file);
}

function findByPicture(file) {
  if (preview) URL.revokeObjectURL(preview);
  preview = URL.createObjectURL(file);
  const name = file.name && file.name !== "image.png" ? file.name : "Your picture";
  const request = async (signal) => {
    const body = await fit(file);
    const headers = { "content-type": body.type || "application/octet-stream" };
    const url = route("search", { k: at("amount").value, min_score: -1 });
    return call(url, { method: "POST", body, headers, signal });
  };
  find(request, { url: preview, heading: "Products that look like your picture", hint: name });
}

function findByProduct(id, known) {
  const path = "products/" + encodeURIComponent(id);
  const request = async (signal) => {
    const url = route(path + "/similar", { k: at("amount").value, min_score: -1 });
    return call(url, { signal });
  };
  const subject = known || { url: "", heading: "Products that look like " + id, hint: "" };
  find(request, subject);
  if (known) return;
  // Arrived by a link: the product's own picture is not at hand yet.
  call(route(path)).then((product) => {
    if (chosenProduct() !== id) return;
    const image = product.images[0];
    showSubject(subjectOf(product, image ? image.url : ""));
  }, () => {});
}

// Big photos are made smaller here: they travel faster, and find the same.
async function fit(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (file.size <= MAX_BYTES) return file;
    throw new Problem(
      "The picture is too large",
      "This browser cannot make it smaller. Use one of at most 4.4 MB.",
    );
  }
  const side = Math.max(bitmap.width, bitmap.height);
  if (file.size <= GOOD_BYTES && side <= 4 * GOOD_SIDE) return file;
  const scale = Math.min(1, GOOD_SIDE / side);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return smaller || file;
}

// Showing

function text(value) {
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}

// Columns are whatever the shop imported; these names are common enough to be read as what they say.
function describe(product) {
  const metadata = product.metadata || {};
  const byName = new Map(Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value]));
  const first = (...keys) => keys.map((key) => text(byName.get(key))).find(Boolean) || "";
  const known = ["name", "title", "product_name", "price", "currency", "image", "url", "description"];
  // A bare "true" says nothing without its column: what holds is named, what does not is left out.
  const fact = ([key, value]) =>
    value === true ? key.replaceAll("_", " ") : value === false ? "" : text(value);
  const facts = [...byName]
    .filter(([key]) => !known.includes(key))
    .map(fact)
    .filter((words) => words && words.length <= 40);
  return {
    name: first("name", "title", "product_name") || product.product_id,
    price: price(byName.get("price"), first("currency")),
    facts: [...new Set(facts)].slice(0, 3).join(" · "),
  };
}

function price(value, currency) {
  if (typeof value !== "number") return text(value);
  try {
    if (currency) return value.toLocaleString(undefined, { style: "currency", currency });
  } catch {
    // Not a currency of ISO 4217: shown beside the number as it is.
  }
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return [value.toLocaleString(undefined, digits), currency].filter(Boolean).join(" ");
}

function subjectOf(product, url) {
  const { name, price: cost, facts } = describe(product);
  const hint = [cost, facts].filter(Boolean).join(" · ");
  return { url, heading: "Products that look like " + name, hint };
}

function showSubject({ url, heading, hint }) {
  at("query").classList.remove("empty");
  at("subject").hidden = !url;
  if (url) at("subject-picture").src = url;
  at("heading").textContent = heading;
  at("hint").textContent = hint;
  at("choose").textContent = "Choose another picture";
}

function showAnswer(answer) {
  const { results, index, query } = answer;
  at("results").replaceChildren(...results.map(card));
  showCatalog(index);
  const milliseconds = query.embedding_ms + query.search_ms;
  const count = results.length === 1 ? "1 product" : results.length + " products";
  let status = count + " in " + milliseconds.toFixed(milliseconds < 10 ? 1 : 0) + " ms";
  if (!results.length) {
    status = index.images
      ? "Nothing looks like this."
      : "The catalog is empty: put pictures below catalog/ in the catalog bucket, then search again.";
  }
  if (index.stale) status += " · from an older index, because the newest cannot be read";
  at("status").textContent = status;
}

function card(found) {
  const item = at("card").content.cloneNode(true);
  const link = item.querySelector(".card");
  const picture = item.querySelector("img");
  const { name, price: cost, facts } = describe(found);
  link.href = "#product=" + encodeURIComponent(found.product_id);
  link.setAttribute("aria-label", name + (cost ? ", " + cost : "") + ": show what looks like it");
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    findByProduct(found.product_id, subjectOf(found, found.image.url));
    scrollTo({ top: 0 });
  });
  picture.addEventListener("error", () => picture.parentElement.classList.add("broken"));
  picture.src = found.image.url;
  item.querySelector(".name").textContent = name;
  item.querySelector(".price").textContent = cost;
  item.querySelector(".facts").textContent = facts;
  item.querySelector(".fill").style.width = Math.max(0, Math.min(1, found.score)) * 100 + "%";
  item.querySelector(".number").textContent = found.score.toFixed(3);
  link.title = "Cosine similarity " + found.score.toFixed(4) + " · " + found.image.key;
  return item;
}

function showCatalog({ images, products }) {
  const count = (number, one, many) => number.toLocaleString() + " " + (number === 1 ? one : many);
  at("catalog").textContent =
    count(images, "picture", "pictures") + " of " + count(products, "product", "products");
}

function showProblem(error) {
  const known = error instanceof Problem;
  at("results").replaceChildren();
  at("status").textContent = "";
  at("problem-title").textContent = known ? error.title : "The page failed";
  at("problem-detail").textContent = sentence(error.message);
  at("problem-request").textContent = known && error.requestId ? "Request " + error.requestId : "";
  at("problem").hidden = false;
}

// The service writes details without a capital and without a final period, as programs like them.
function sentence(detail) {
  if (!detail) return "";
  const end = /[.!?]$/.test(detail) ? "" : ".";
  return detail[0].toUpperCase() + detail.slice(1) + end;
}

function showStart() {
  if (running) running.abort();
  running = repeat = null;
  at("query").classList.add("empty");
  at("subject").hidden = true;
  at("problem").hidden = true;
  at("heading").textContent = "Find products that look like a picture";
  at("hint").textContent = "Drop a picture anywhere on this page, paste one, or choose a file.";
  at("choose").textContent = "Choose a picture";
  at("status").textContent = "";
  at("results").replaceChildren();
  at("results").classList.remove("waiting");
}

// Reacting

function chosenProduct() {
  const match = location.hash.match(/^#product=(.+)$/);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}

function withoutHash() {
  return location.pathname + location.search;
}

function followAddress() {
  const id = chosenProduct();
  const file = history.state && pictures[history.state.picture];
  if (id) findByProduct(id);
  else if (file) findByPicture(file);
  else showStart();
}

function pictureIn(transfer) {
  const files = [...((transfer && transfer.files) || [])];
  return files.find((file) => file.type.startsWith("image/")) || files[0];
}

at("choose").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) takePicture(file);
});
at("amount").addEventListener("change", () => repeat && repeat());
at("home").addEventListener("click", (event) => {
  event.preventDefault();
  history.pushState(null, "", withoutHash());
  showStart();
});
at("openapi").href = route("openapi.json").href;

document.addEventListener("paste", (event) => {
  const file = pictureIn(event.clipboardData);
  if (file) takePicture(file);
  else showProblem(new Problem("There is no picture in the clipboard", "Copy a picture, not its link."));
});

// Entering a child comes before leaving its parent, so the two are counted.
let depth = 0;
const lower = () => {
  depth = 0;
  at("veil").hidden = true;
};
document.addEventListener("dragenter", (event) => {
  event.preventDefault();
  depth += 1;
  at("veil").hidden = false;
});
document.addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) lower();
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  lower();
  const file = pictureIn(event.dataTransfer);
  if (file) takePicture(file);
  else showProblem(new Problem("That was not a picture file", "Save the picture first, then drop its file here."));
});

addEventListener("popstate", followAddress);
followAddress();
call(route("index")).then(showCatalog, () => {});
