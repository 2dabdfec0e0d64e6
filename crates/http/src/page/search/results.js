// The results

const MATCHES = { same: "Same photo", variant: "Almost the same", similar: "Similar", weak: "Weak match" };

function text(value) {
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}

// The shop chooses the columns; these names are common enough to have a meaning here.
function describe(product) {
  const metadata = product.metadata || {};
  const byName = new Map(Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value]));
  const first = (...keys) => keys.map((key) => text(byName.get(key))).find(Boolean) || "";
  const known =
    "name title product_name price price_text currency image images image_url url link description".split(" ");
  // A bare "true" means nothing without its column: true columns are shown by name, false ones are left out, except
  // those that keep a shopper from buying.
  const fact = ([key, value]) =>
    value === true ? key.replaceAll("_", " ") : value === false ? "" : text(value);
  const lacking = ["in_stock", "available"].find((key) => byName.get(key) === false);
  const facts = [["", lacking ? "not " + lacking.replace("_", " ") : ""], ...byName]
    // What was written goes before the number that was read from it.
    .filter(([key]) => !known.includes(key) && !byName.has(key + "_text"))
    .map(fact)
    .filter((words) => words && words.length <= 40);
  return {
    name: first("name", "title", "product_name") || product.product_id,
    price: first("price_text") || price(byName.get("price"), first("currency")),
    facts: [...new Set(facts)].slice(0, 3).join(" · "),
    // Only http links: `javascript:` would run a script.
    page: [first("url", "link")].find((address) => /^https?:/i.test(address))
  };
}

function price(value, currency) {
  if (typeof value !== "number") return text(value);
  try {
    if (currency) return value.toLocaleString(undefined, { style: "currency", currency });
  } catch {
    // Not a currency of ISO 4217: it stands beside the number as it is.
  }
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return [value.toLocaleString(undefined, digits), currency].filter(Boolean).join(" ");
}

// True if a click is for this page, not for a new tab; the browser then does not follow the link.
function plainly(event) {
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (plain) event.preventDefault();
  return plain;
}

function card(found, choose) {
  const item = at("card").content.cloneNode(true).firstElementChild;
  const fill = (name, words) => (item.querySelector(name).textContent = words);
  const { name, price: cost, facts, page } = describe(found);
  const link = item.querySelector(".card");
  link.href = hashOf({ product: found.product_id, filters: new Map(), k: AMOUNT });
  on(link, "click", (event) => {
    if (plainly(event)) choose(found);
  });
  const image = item.querySelector("img");
  on(image, "error", () => image.parentElement.classList.add("broken"));
  image.src = found.image.url;
  fill(".name", name);
  fill(".price", cost);
  fill(".facts", facts);
  fill(".number", found.score.toFixed(3));
  item.querySelector(".fill").style.width = within(found.score, 0, 1) * 100 + "%";
  if (MATCHES[found.match]) {
    fill(".badge", MATCHES[found.match]);
    item.querySelector(".badge").hidden = false;
    for (const element of [item, item.querySelector(".badge")]) element.classList.add(found.match);
  }
  if (page)
    item.append(
      make(
        "a",
        { class: "visit", href: page },
        "Product page",
        make("span", { class: "unseen" }, " of " + name)
      )
    );
  return item;
}

// Empty cards in place of the first results.
function bones(many) {
  return Array.from({ length: Math.min(many, 12) }, () => {
    const item = at("card").content.cloneNode(true).firstElementChild;
    const shape = make("div", { class: "card" }, ...item.querySelector(".card").children);
    shape.querySelector("img").remove();
    shape.querySelector(".number").textContent = "0";
    item.replaceChildren(shape);
    item.className = "bone";
    item.setAttribute("aria-hidden", "true");
    return item;
  });
}

function statusText(many, more, { index = {}, query = {} }) {
  const milliseconds = (query.embedding_ms || 0) + (query.search_ms || 0);
  if (!many) return "No product found";
  const found = (more ? "First " : "") + count(many, "product", "products");
  const stale = index.stale ? " · from an older index, because the newest cannot be read" : "";
  return found + " in " + shownMilliseconds(milliseconds) + stale;
}

function showCatalog({ images, products: many }) {
  if (typeof images !== "number") return;
  // An index with a vector base does not count products.
  const products = typeof many === "number" ? count(many, "product", "products") + " in " : "";
  at("catalog").textContent = products + count(images, "photo", "photos");
}

// An answer without results, or without good ones, says so and what to do about it.
function showNothing(query, { results, index }, removeFilters) {
  const weak = results.length > 0 && results.every(({ match }) => match === "weak");
  at("nothing").hidden = results.length > 0 && !weak;
  const say = (title, detail, ...more) =>
    at("nothing").replaceChildren(make("h2", {}, title), make("p", { class: "soft" }, detail), ...more);
  if (weak) say("Nothing here looks much like it", "These products come closest.");
  else if (index && index.images === 0)
    say("The catalog is empty", "Put photos below catalog/ in the catalog bucket, then search again.");
  else if (query.filters.size) {
    say(
      "No product matches these filters",
      "There are products, but none with all of them.",
      button("Remove the filters", removeFilters)
    );
  } else say("Nothing else is in the catalog", "There is no other product to compare with.");
}
