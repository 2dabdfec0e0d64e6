// Event listeners

for (const [button, input] of [
  ["choose", "file"],
  ["photo", "camera"]
]) {
  on(at(button), "click", () => at(input).click());
  on(at(input), "change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) searchImageFile(file);
  });
}

on(at("amount"), "change", () => change({ k: Number(at("amount").value) }, true));
on(at("more"), "click", findMore);
on(at("subject-image"), "error", () => hide("subject cropping"));

filtersChosen = (filters) => change({ filters: filters || chosenFilters(queryAt(location.hash).filters) });

// Selecting a part is a step in the history; correcting it is not.
partChosen = (crop) => {
  const { crop: before, key } = queryAt(location.hash, history.state);
  // A product has several images: its part needs the key.
  const subject = history.state.subject || {};
  const keyOfPart = queryAt(location.hash).product ? (crop ? subject.key : "") : key;
  if (String(crop) === String(before)) showPart(before);
  else change({ crop, key: keyOfPart }, Boolean(before && crop));
};

on(at("home"), "click", (event) => {
  if (!plainly(event)) return;
  history.pushState(null, "", location.pathname + location.search);
  follow();
});

// The fragment of the address holds the search, so it cannot name a place on the page.
on(at("skip"), "click", (event) => {
  event.preventDefault();
  (at("results").querySelector("a") || at("heading")).focus();
});

function takeFrom({ files }, title, detail) {
  const file = [...files].find(({ type }) => type.startsWith("image/")) || files[0];
  if (file) searchImageFile(file);
  else showProblem(new Problem(title, detail));
}

on(document, "paste", (event) => {
  if (!event.target.closest("input"))
    takeFrom(event.clipboardData, "There is no photo in the clipboard", "Copy a photo, not its link.");
});

// A child is entered before its parent is left, so entering and leaving are counted.
let depth = 0;
let ours = false;
const lower = () => {
  depth = 0;
  at("veil").hidden = true;
};
on(document, "dragstart", () => (ours = true));
on(document, "dragend", () => (ours = false));
on(document, "dragenter", (event) => {
  event.preventDefault();
  if (ours) return;
  depth += 1;
  at("veil").hidden = false;
});
on(document, "dragleave", () => {
  depth -= 1;
  if (depth <= 0) lower();
});
on(document, "dragover", (event) => event.preventDefault());
on(document, "drop", (event) => {
  event.preventDefault();
  lower();
  if (!ours)
    takeFrom(
      event.dataTransfer,
      "That was not a photo",
      "Save the photo first, then drop its file here."
    );
});

const wide = matchMedia("(min-width: 60.01rem)");
at("filters").open = wide.matches;
on(wide, "change", () => (at("filters").open = wide.matches));

history.scrollRestoration = "manual";
on(window, "popstate", () => {
  follow();
  if (document.activeElement === document.body) at("heading").focus({ preventScroll: true });
});
on(window, "scroll", () => scrolled && (scrolled.scroll = scrollY));
follow();
catalogState().then(showCatalog, () => {});
