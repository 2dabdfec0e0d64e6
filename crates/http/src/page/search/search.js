// The page as a whole: from one search to the next, and back

const FRESH = 10 * 60 * 1000;
const SLOW = 3000;
const START = { heading: at("heading").textContent, hint: at("hint").textContent };
const LOST = "The page was loaded again without your photo. Choose it once more.";

// The search on the page: the query, its answers page by page, and counts beside chosen values.
let shown = null;
let running = null;
let preview = null;
let entries = 0;
// The searches of earlier history entries, so that going back is instant and restores the scroll position.
const kept = new Map();
// The kept search whose results are on the page.
let scrolled = null;

// Navigation

function go(query, { replace = false, subject = null } = {}) {
  const entry = replace && history.state ? history.state.entry : newEntry();
  const place = { visit, entry, subject };
  if (query.image) place.image = images.indexOf(query.image);
  history[replace ? "replaceState" : "pushState"](
    place,
    "",
    location.pathname + location.search + hashOf(query)
  );
  kept.delete(entry);
  follow();
}

function newEntry() {
  entries += 1;
  return visit + "." + entries;
}

function follow() {
  if (!history.state || !history.state.entry) history.replaceState({ visit, entry: newEntry() }, "");
  const place = history.state;
  scrolled = null;
  const query = queryAt(location.hash, place);
  const before = kept.get(place.entry);
  if (running) running.abort();
  running = null;
  if (!isSubject(query)) {
    showStart(place.image !== undefined ? LOST : "");
  } else if (before && Date.now() - before.time < FRESH) {
    shown = before;
    showSubject(query, place.subject);
    showAnswers();
    scrollTo(0, before.scroll);
    scrolled = before;
  } else {
    find(query, place);
  }
}

function searchImageFile(file) {
  if (file.type && !file.type.startsWith("image/")) {
    showProblem(new Problem("This is not a photo", "Use a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file."));
    return;
  }
  images.push(file);
  const { filters, k } = queryAt(location.hash);
  go({ image: file, crop: null, filters, k });
  scrollTo(0, 0);
}

function takeProduct(found) {
  const { filters, k } = queryAt(location.hash);
  const { name, price: cost, facts } = describe(found);
  const subject = {
    url: found.image.url,
    key: found.image.key,
    name,
    hint: [cost, facts].filter(Boolean).join(" · ")
  };
  go({ product: found.product_id, crop: null, filters, k }, { subject });
  scrollTo(0, 0);
  at("heading").focus({ preventScroll: true });
}

// The same search with something changed.
function change(changes, replace) {
  const query = { ...queryAt(location.hash, history.state), ...changes };
  go(query, { replace, subject: history.state && history.state.subject });
}

// Searching

async function find(query, place) {
  const mine = (running = new AbortController());
  const refined = shown && sameSubject(query, shown.query) && String(query.crop) === String(shown.query.crop);
  const next = {
    query,
    answers: [],
    beside: new Map(refined ? shown.beside : []),
    time: Date.now(),
    scroll: 0
  };
  showSubject(query, place.subject);
  showWaiting(query, refined);
  const slow = setTimeout(() => {
    if (mine === running)
      at("status").textContent = "Still searching: after a pause, the first search takes longer.";
  }, SLOW);
  try {
    const answer = await ask(query, null, mine.signal);
    if (mine !== running) return;
    next.answers.push(answer);
    shown = scrolled = next;
    next.scroll = scrollY;
    kept.set(place.entry, next);
    if (kept.size > 30) kept.delete(kept.keys().next().value);
    showAnswers();
    countBeside(next, mine.signal);
  } catch (error) {
    if (mine === running && error.name !== "AbortError") showProblem(error, query);
  } finally {
    clearTimeout(slow);
  }
}

async function findMore() {
  const { query, answers } = shown;
  const mine = shown;
  const more = at("more");
  if (more.ariaDisabled) return;
  more.ariaDisabled = "true";
  more.textContent = "Loading…";
  hide("expired");
  try {
    const answer = await ask(query, answers[answers.length - 1].next_cursor, running && running.signal);
    if (mine !== shown) return;
    answers.push(answer);
    const cards = answer.results.map((found) => card(found, takeProduct));
    at("results").append(...cards);
    showEnd();
    if (cards.length) cards[0].querySelector("a").focus({ preventScroll: true });
  } catch (error) {
    if (mine !== shown || error.name === "AbortError") return;
    const again = button("Search again", () => follow(kept.clear()), "plain");
    const changedMeanwhile = error.kind === "cursor-expired";
    const words = changedMeanwhile
      ? "The catalog has changed since this search. "
      : `${error.title || "The page failed"}: ${sentence(error.message)} `;
    at("expired").replaceChildren(words, changedMeanwhile ? again : "");
    hide("expired", false);
    more.hidden = changedMeanwhile;
  } finally {
    more.ariaDisabled = null;
    more.textContent = "More products";
  }
}

// Counts the other values of attributes that have a chosen value.
async function countBeside(search, signal) {
  const { query, answers } = search;
  const [found] = answers[0].results;
  const product = query.product || (found && found.product_id);
  const chosen = (await filterable()).filter((one) => !isNumber(one) && query.filters.has(one.name));
  if (!product || !answers[0].facets || !chosen.length) return;
  // If that fails, the values that the answer counted stay.
  const counted = ({ name }) =>
    countsBeside(query, name, product, signal).then(
      (values) => search.beside.set(name, values),
      () => {}
    );
  await Promise.all(chosen.map(counted));
  if (search === shown) showChoices();
}
