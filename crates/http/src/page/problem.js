// Fills the box with id "problem", which is a live region, and shows it.
function showProblemBox(error, ...buttons) {
  const known = error instanceof Problem;
  const id = known && error.requestId;
  at("problem").replaceChildren(
    make("strong", {}, known ? error.title : "The page failed"),
    make("p", {}, sentence(error.message)),
    make("p", { class: "small" }, id ? "Request " + id : ""),
    ...buttons
  );
  at("problem").hidden = false;
}
