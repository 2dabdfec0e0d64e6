// The search as the fragment of the address, so that a link can carry it
//
// #product=boot-001&crop=0.1,0.2,0.5,0.6&is.category=boot&min.price=10&k=48
// A shopper's own image cannot be in it: the history's state has its position among the images of this visit.

const AMOUNT = 24;
const visit = Date.now().toString(36) + Math.random().toString(36).slice(2);
const images = [];

// { product | key | image | none of them, crop: [x, y, w, h] in shares or null, filters, k }
// A part of a product's image has both: the product, and the image's key.
function queryAt(hash, state) {
  const query = { crop: null, filters: new Map(), k: AMOUNT };
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const [, kind, attribute] = /^(is|min|max)\.(.+)$/s.exec(name) || [];
    if (kind === "is") filterOn(query.filters, attribute).is.push(value);
    else if (kind && value.trim() && Number.isFinite(Number(value)))
      filterOn(query.filters, attribute)[kind] = value;
    else if (name === "product" || name === "key") query[name] = value;
    else if (name === "crop") query.crop = cropIn(value);
    else if (name === "k" && /^[1-9]\d{0,2}$/.test(value)) query.k = Number(value);
  }
  if (query.product && !query.crop) delete query.key;
  const own = !query.product && !query.key && state && state.visit === visit;
  if (own) query.image = images[state.image];
  return query;
}

function hashOf({ product, key, crop, filters, k }) {
  const parts = [];
  const add = (name, value) =>
    parts.push(encodeURIComponent(name) + "=" + encodeURIComponent(value).replaceAll("%2C", ","));
  if (product) add("product", product);
  if (key) add("key", key);
  if (crop) add("crop", crop.join(","));
  for (const [attribute, { is, min, max }] of filters) {
    for (const value of is) add("is." + attribute, value);
    if (min) add("min." + attribute, min);
    if (max) add("max." + attribute, max);
  }
  if (k !== AMOUNT) add("k", k);
  return parts.length ? "#" + parts.join("&") : "";
}

function filterOn(filters, attribute) {
  if (!filters.has(attribute)) filters.set(attribute, { is: [], min: "", max: "" });
  return filters.get(attribute);
}

// Shares of the sides, rounded as they are sent, so that the same part has one address.
function cropIn(text) {
  const [x, y, w, h] = text.split(",").map(Number);
  const inside = x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 1.0001 && y + h <= 1.0001;
  return inside ? rounded([x, y, w, h]) : null;
}

function rounded(crop) {
  const [x, y, w, h] = crop.map((share) => Math.round(share * 1000));
  return [x, y, Math.min(w, 1000 - x), Math.min(h, 1000 - y)].map((thousandths) => thousandths / 1000);
}

function isSubject(query) {
  return Boolean(query.product || query.key || query.image);
}

function sameSubject(one, other) {
  return Boolean(one && other) && ["product", "key", "image"].every((name) => one[name] === other[name]);
}
