// Filters: the choices, and chips of the chosen ones

const FEW = 8;
const unfolded = new Set();
let filtersChosen = () => {};

function showFilters(query, attributes, values) {
  const groups = attributes.map((attribute) =>
    isNumber(attribute) ? rangeOf(query, attribute) : choicesOf(query, attribute, values)
  );
  const focused = document.activeElement && document.activeElement.id;
  at("filters-form").replaceChildren(...groups.filter(Boolean));
  if (focused && at(focused) && at("filters-form").contains(at(focused)))
    at(focused).focus({ preventScroll: true });
  at("filters").hidden = !at("filters-form").firstChild;
  at("filters-summary").textContent = query.filters.size ? `Filters (${query.filters.size})` : "Filters";
  showChips(query);
}

function choicesOf(query, { name }, values) {
  const chosen = (query.filters.get(name) || { is: [] }).is;
  const offered = new Map((values.get(name) || []).map(({ value, count }) => [String(value), count]));
  for (const value of chosen) if (!offered.has(value)) offered.set(value, null);
  if (offered.size < 2 && !chosen.length) return null;
  const all = [...offered].map(([value, many]) => choice(name, value, many, chosen.includes(value)));
  const fold = all.length > FEW + 1 && !unfolded.has(name);
  if (fold) all.slice(FEW).forEach((one) => (one.hidden = !one.querySelector(":checked")));
  const rest = all.filter((one) => one.hidden).length;
  const more = button(`Show ${rest} more`, () => unfold(name, all, more), "plain");
  return make("fieldset", {}, make("legend", {}, readable(name)), ...all, rest ? more : "");
}

function unfold(name, all, more) {
  unfolded.add(name);
  const first = all.find((one) => one.hidden);
  all.forEach((one) => (one.hidden = false));
  more.remove();
  first.querySelector("input").focus();
}

function choice(name, value, many, checked) {
  const id = encodeURIComponent(`is.${name}.${value}`);
  const box = make("input", { type: "checkbox", id, "data-attribute": name, value, checked });
  const shown = many === null ? "" : many.toLocaleString();
  const products =
    many === null ? "" : make("span", { class: "unseen" }, many === 1 ? " product" : " products");
  return make(
    "label",
    { class: "choice" },
    box,
    make("span", { class: "value" }, valueText(value)),
    make("span", { class: "many" }, shown, products)
  );
}

function rangeOf(query, { name }) {
  const { min, max } = query.filters.get(name) || { min: "", max: "" };
  const end = (kind, label, value) =>
    make("input", {
      class: "field",
      id: encodeURIComponent(`${kind}.${name}`),
      type: "number",
      step: "any",
      inputmode: "decimal",
      placeholder: kind,
      "aria-label": `${label} ${readable(name).toLowerCase()}`,
      "data-attribute": name,
      "data-kind": kind,
      value
    });
  return make(
    "fieldset",
    {},
    make("legend", {}, readable(name)),
    make(
      "div",
      { class: "range" },
      end("min", "Least", min),
      make("span", { "aria-hidden": "true" }, "–"),
      end("max", "Most", max)
    )
  );
}

function valueText(value) {
  return value === "true" ? "Yes" : value === "false" ? "No" : value;
}

// Filters on attributes without a choice here come from the address, and stay.
function chosenFilters(before) {
  const filters = new Map();
  const offered = new Set();
  for (const input of at("filters-form").querySelectorAll("input")) {
    const { attribute, kind } = input.dataset;
    offered.add(attribute);
    if (kind && input.value) filterOn(filters, attribute)[kind] = input.value;
    else if (!kind && input.checked) filterOn(filters, attribute).is.push(input.value);
  }
  for (const [attribute, filter] of before) if (!offered.has(attribute)) filters.set(attribute, filter);
  return filters;
}

function showChips(query) {
  const chips = [];
  for (const [attribute, filter] of query.filters) {
    for (const value of filter.is) {
      chips.push(chip(`${readable(attribute)}: ${valueText(value)}`, without(query.filters, attribute, value)));
    }
    if (filter.min || filter.max) {
      const range = [filter.min && "from " + filter.min, filter.max && "to " + filter.max]
        .filter(Boolean)
        .join(" ");
      chips.push(chip(`${readable(attribute)} ${range}`, without(query.filters, attribute)));
    }
  }
  if (chips.length > 1)
    chips.push(
      make(
        "li",
        {},
        button("Remove all", () => leaveChips(new Map()), "plain")
      )
    );
  at("chips").replaceChildren(...chips);
  at("chips").hidden = !chips.length;
}

function chip(label, remaining) {
  const remove = button(
    make("span", { class: "unseen" }, "Remove filter "),
    () => leaveChips(remaining),
    "chip"
  );
  remove.append(label);
  return make("li", {}, remove);
}

// The button disappears, so the focus moves to the heading.
function leaveChips(remaining) {
  filtersChosen(remaining);
  at("heading").focus({ preventScroll: true });
}

function without(filters, attribute, value) {
  const left = new Map(filters);
  const { is, min, max } = filters.get(attribute);
  const rest =
    value === undefined ? { is, min: "", max: "" } : { is: is.filter((one) => one !== value), min, max };
  if (rest.is.length || rest.min || rest.max) left.set(attribute, rest);
  else left.delete(attribute);
  return left;
}

on(at("filters-form"), "change", () => filtersChosen());
on(at("filters-form"), "submit", (event) => event.preventDefault());
