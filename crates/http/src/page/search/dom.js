// Helpers for elements

function button(label, click, look = "button") {
  return make("button", { type: "button", class: look, click }, label);
}

function on(target, type, act) {
  target.addEventListener(type, act);
}

function hide(ids, hidden = true) {
  for (const id of ids.split(" ")) at(id).hidden = hidden;
}
