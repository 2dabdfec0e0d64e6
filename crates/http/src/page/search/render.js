// Rendering a search

function showSubject(query, subject) {
  const file = query.image;
  const { product } = query;
  at("main").classList.remove("start");
  at("choose").textContent = "Another photo";
  if (file) {
    if (!preview || preview.file !== file) {
      if (preview) URL.revokeObjectURL(preview.url);
      preview = { file, url: URL.createObjectURL(file) };
    }
    return showWords(query, { url: preview.url, name: "your photo", hint: nameOf(file) });
  }
  if (subject) return showWords(query, subject);
  if (!product) return showWords(query, { url: "", name: query.key.split("/").pop(), hint: query.key });
  showWords(query, { url: "", name: product, hint: "" });
  // After a link, the product's name and image have to be loaded.
  const arrive = (found) => {
    const now = queryAt(location.hash);
    if (now.product !== product) return;
    const { name, price: cost, facts } = describe(found);
    const { url, key } = found.images.find((image) => image.key === now.key) || found.images[0] || {};
    const known = { url, key, name, hint: [cost, facts].filter(Boolean).join(" · ") };
    history.replaceState({ ...history.state, subject: known }, "");
    showWords(now, known);
  };
  productAt(product).then(arrive, () => {});
}

function showWords(query, { url, name, hint }) {
  const heading = "Products that look like " + name;
  document.title = heading + " · lookalike";
  at("heading").textContent = heading;
  at("hint").textContent = hint || "\u00a0";
  at("subject").hidden = !url && !query.product;
  at("canvas").hidden = !url;
  if (url && at("subject-image").src !== url) at("subject-image").src = url;
  at("subject-image").alt = "Searched: " + name;
  showPart(url ? query.crop : null);
  at("cropping").hidden = !url;
}

function showWaiting(query, refined) {
  hide("problem nothing expired more");
  hide("bar", false);
  showAmount(query.k);
  showChips(query);
  at("status").textContent = "Searching…";
  at("results").ariaBusy = "true";
  if (refined && at("results").firstChild) at("results").classList.add("waiting");
  else at("results").replaceChildren(...bones(query.k));
}

function showAnswers() {
  const { query, answers } = shown;
  const [first] = answers;
  hide("problem expired");
  hide("bar", false);
  showAmount(query.k);
  fillResults(...answers.flatMap(({ results }) => results).map((found) => card(found, takeProduct)));
  if (first.index) showCatalog(first.index);
  const itself = first.results.find((found) => query.key && found.image.key === query.key);
  if (itself && at("canvas").hidden)
    showWords(query, { url: itself.image.url, name: describe(itself).name, hint: query.key });
  showEnd();
  showChoices();
  showNothing(query, first, () => change({ filters: new Map() }));
}

function fillResults(...cards) {
  at("results").classList.remove("waiting");
  at("results").ariaBusy = null;
  at("results").replaceChildren(...cards);
}

function showEnd() {
  const { answers } = shown;
  const many = answers.reduce((sum, { results }) => sum + results.length, 0);
  const more = Boolean(answers[answers.length - 1].next_cursor);
  at("more").hidden = !more;
  at("status").textContent = statusText(many, more, answers[answers.length - 1]);
}

async function showChoices() {
  const attributes = await filterable();
  const search = shown;
  // While the next search runs, its filters are already shown.
  if (!search || at("results").ariaBusy) return;
  const facets = search.answers[0].facets || {};
  const values = new Map(Object.entries(facets));
  for (const [name, counted] of Object.entries(facets)) {
    if (!search.query.filters.has(name)) search.beside.set(name, counted);
    else if (search.beside.has(name)) values.set(name, search.beside.get(name));
  }
  showFilters(search.query, attributes, values);
}

function showAmount(k) {
  const select = at("amount");
  if (![...select.options].some(({ value }) => Number(value) === k))
    select.append(make("option", {}, String(k)));
  select.value = String(k);
}

function showProblem(error, query) {
  if (query) {
    shown = null;
    fillResults();
    hide("more nothing bar");
    at("status").textContent = "";
  }
  const again =
    query &&
    (!error.status || error.status >= 500) &&
    button("Try again", () => find(query, history.state || {}));
  const plain =
    query &&
    error.status === 400 &&
    query.filters.size > 0 &&
    button("Remove the filters", () => change({ filters: new Map() }));
  showProblemBox(error, again || plain || "");
  at("problem").scrollIntoView({ block: "nearest" });
}

function showStart(hint) {
  shown = null;
  document.title = "lookalike";
  at("main").classList.add("start");
  hide("subject cropping problem nothing bar more expired filters chips");
  at("heading").textContent = START.heading;
  at("hint").textContent = hint || START.hint;
  at("choose").textContent = "Choose a photo";
  at("status").textContent = "";
  fillResults();
}
