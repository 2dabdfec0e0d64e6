// Selecting a part of the image, by pointer or keyboard

const MIN_SIDE = 0.05;
const FIRST_PART = [0.15, 0.15, 0.7, 0.7];
const CORNERS = { nw: [0, 0], ne: [1, 0], sw: [0, 1], se: [1, 1] };

let part = null;
let partChosen = () => {};
let pause = 0;

function showPart(crop) {
  part = crop;
  clearTimeout(pause);
  hide("shade box whole box-hint", !crop);
  hide("crop draw-hint", Boolean(crop));
  if (!crop) return;
  const [x, y, w, h] = crop;
  for (const id of ["hole", "box"]) {
    Object.assign(at(id).style, {
      left: x * 100 + "%",
      top: y * 100 + "%",
      width: w * 100 + "%",
      height: h * 100 + "%"
    });
  }
  const percent = (share) => Math.round(share * 100) + " %";
  const say = (element, now, text) =>
    Object.assign(element, { ariaValueNow: Math.round(now * 100), ariaValueText: text });
  say(at("mover"), x, `${percent(x)} to ${percent(x + w)} across, ${percent(y)} to ${percent(y + h)} down`);
  for (const [name, [right, lower]] of Object.entries(CORNERS)) {
    const corner = [x + right * w, y + lower * h];
    say(handle(name), corner[0], `${percent(corner[0])} across, ${percent(corner[1])} down`);
  }
}

function handle(name) {
  return at("box").querySelector("." + name);
}

function within(number, min, max) {
  return Math.min(Math.max(number, min), max);
}

function moved([x, y, w, h], dx, dy) {
  return [within(x + dx, 0, 1 - w), within(y + dy, 0, 1 - h), w, h];
}

function resized([x, y, w, h], [right, lower], dx, dy) {
  const ends = (from, length, far, by) => {
    const end = from + length;
    if (far) return [from, within(end + by, from + MIN_SIDE, 1) - from];
    const begin = within(from + by, 0, end - MIN_SIDE);
    return [begin, end - begin];
  };
  const [left, width] = ends(x, w, right, dx);
  const [top, height] = ends(y, h, lower, dy);
  return [left, top, width, height];
}

function changed(element, crop, dx, dy) {
  const name = Object.keys(CORNERS).find((corner) => element.classList.contains(corner));
  return name ? resized(crop, CORNERS[name], dx, dy) : moved(crop, dx, dy);
}

function choosePart(crop) {
  clearTimeout(pause);
  const whole = crop && crop[2] > 0.995 && crop[3] > 0.995;
  partChosen(crop && !whole ? rounded(crop) : null);
}

function beginDrag(event) {
  if (event.button !== 0 || !event.isPrimary) return;
  const area = at("canvas").getBoundingClientRect();
  const onTool = event.target.matches(".mover, .handle");
  // A finger on the image scrolls the page; the button below it gives a box to drag.
  if (!onTool && event.pointerType === "touch") return;
  event.preventDefault();
  const share = ({ clientX, clientY }) => [
    within((clientX - area.left) / area.width, 0, 1),
    within((clientY - area.top) / area.height, 0, 1)
  ];
  const before = part;
  const from = share(event);
  let drawn = onTool;
  const move = (now) => {
    const to = share(now);
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    if (onTool) return showPart(changed(event.target, before, dx, dy));
    const size = [Math.abs(dx), Math.abs(dy)];
    drawn = drawn || Math.max(...size) > MIN_SIDE;
    if (drawn) showPart([Math.min(from[0], to[0]), Math.min(from[1], to[1]), ...size]);
  };
  const end = (now) => {
    for (const [type, listener] of listeners) removeEventListener(type, listener);
    if (now.type === "pointercancel" || (part && Math.min(part[2], part[3]) < MIN_SIDE)) showPart(before);
    else if (drawn && part !== before) choosePart(part);
  };
  const listeners = [
    ["pointermove", move],
    ["pointerup", end],
    ["pointercancel", end]
  ];
  for (const [type, listener] of listeners) addEventListener(type, listener);
  if (onTool) event.target.focus({ focusVisible: false });
}

function wantWhole() {
  hide("crop", false);
  at("crop").focus();
  choosePart(null);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function pressKey(event) {
  const step = STEPS[event.key];
  if (step) {
    const size = event.shiftKey ? 0.1 : 0.02;
    showPart(changed(event.target, part, step[0] * size, step[1] * size));
    // A key held down counts where it ends.
    pause = setTimeout(() => choosePart(part), 700);
  } else if (event.key === "Enter") {
    choosePart(part);
  } else if (event.key === "Escape") {
    wantWhole();
  } else {
    return;
  }
  event.preventDefault();
}

for (const tool of at("box").children)
  Object.assign(tool, { role: "slider", tabIndex: 0, ariaValueMin: "0", ariaValueMax: "100" });
on(at("canvas"), "pointerdown", beginDrag);
on(at("box"), "keydown", pressKey);
on(at("crop"), "click", () => {
  showPart(FIRST_PART);
  at("mover").focus();
});
on(at("whole"), "click", wantWhole);
