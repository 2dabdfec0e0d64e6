// What is wrong with the document for people who do not see it, do not point at it, or see little of it: a list
// of sentences. Rules follow WCAG 2.2 AA where a program can judge them.
() => {
  const wrong = [];
  const name = (element) => {
    const parts = [element.tagName.toLowerCase()];
    if (element.id) parts.push("#" + element.id);
    for (const one of element.classList) parts.push("." + one);
    return parts.join("") + ` "${(element.textContent || "").trim().slice(0, 40)}"`;
  };
  const say = (rule, element, detail = "") => wrong.push(`${rule}: ${name(element)} ${detail}`.trim());
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const unseen = (element) => element.closest("[aria-hidden=true]");

  // The document
  if (!document.documentElement.lang) wrong.push("language: the document has none");
  if (!document.title.trim()) wrong.push("title: the document has none");
  if (all("main").filter(shown).length !== 1) wrong.push("landmarks: there is not exactly one main");
  for (const landmark of ["header", "footer"]) {
    if (all(`body > ${landmark}`).length !== 1) wrong.push(`landmarks: there is not exactly one ${landmark}`);
  }
  const places = "header, main, footer, nav, aside, .skip, [role=status], #veil";
  for (const element of document.body.children) {
    if (
      shown(element) &&
      !element.matches(places) &&
      !element.querySelector(places) &&
      element.textContent.trim() &&
      !/SCRIPT|STYLE|TEMPLATE/.test(element.tagName)
    ) {
      say("landmarks", element, "is in none");
    }
  }
  const ids = new Map();
  for (const element of all("[id]")) ids.set(element.id, (ids.get(element.id) || 0) + 1);
  for (const [id, times] of ids) {
    if (times > 1) wrong.push(`ids: ${id} stands ${times} times`);
    if (/\s/.test(id) || !id) wrong.push(`ids: "${id}" has a space or is empty`);
  }
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const element of all(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(/\s+/)) {
        if (!document.getElementById(id)) say("references", element, `names ${id}, which is not there`);
      }
    }
  }

  // Headings
  const headings = all("h1, h2, h3, h4, h5, h6").filter(shown);
  if (headings.filter((one) => one.tagName === "H1").length !== 1)
    wrong.push("headings: there is not exactly one h1");
  let level = 0;
  for (const heading of headings) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say("headings", heading, `follows level ${level}`);
    if (!heading.textContent.trim()) say("headings", heading, "is empty");
    level = own;
  }

  // Names
  const nameOf = (element) => {
    const label = element.getAttribute("aria-label");
    if (label && label.trim()) return label;
    const by = element.getAttribute("aria-labelledby");
    if (by)
      return by
        .split(/\s+/)
        .map((id) => (document.getElementById(id) || {}).textContent || "")
        .join(" ");
    if (element.labels && element.labels.length)
      return [...element.labels].map((one) => one.textContent).join(" ");
    if (element.tagName === "INPUT" || element.tagName === "SELECT" || element.tagName === "TEXTAREA")
      return "";
    if (element.tagName === "FIELDSET") return (element.querySelector("legend") || {}).textContent || "";
    const images = [...element.querySelectorAll("img")].map((one) => one.alt).join(" ");
    return element.textContent + images;
  };
  const controls =
    "a[href], button, input, select, textarea, summary, [tabindex='0'], [role=slider], [role=button]";
  for (const element of all(controls).filter(shown)) {
    if (!nameOf(element).trim()) say("names", element, "has none");
    if (unseen(element)) say("hidden", element, "can be focused, but is hidden from screen readers");
  }
  for (const element of all("fieldset, nav, form[aria-label], [role=group], section").filter(shown)) {
    const named = nameOf(element).trim() && element.matches("[aria-label], [aria-labelledby], fieldset");
    if (!named) say("names", element, "has none");
  }
  for (const image of all("img").filter(shown))
    if (!image.hasAttribute("alt")) say("pictures", image, "has no alt");
  for (const graphic of all("svg").filter(shown)) {
    if (!graphic.hasAttribute("aria-hidden") && !graphic.hasAttribute("aria-label"))
      say("pictures", graphic, "is neither hidden nor named");
  }
  for (const element of all("[tabindex]"))
    if (element.tabIndex > 0) say("order", element, "has a tabindex over 0");
  for (const slider of all("[role=slider]").filter(shown)) {
    for (const attribute of ["aria-valuenow", "aria-valuemin", "aria-valuemax"]) {
      if (!slider.hasAttribute(attribute)) say("values", slider, `has no ${attribute}`);
    }
  }

  // Structure
  for (const list of all("ul, ol")) {
    for (const child of list.children)
      if (child.tagName !== "LI") say("lists", child, "is in a list, but no item");
  }
  for (const item of all("li")) if (!item.parentElement.matches("ul, ol")) say("lists", item, "is in no list");
  for (const table of all("table").filter(shown)) {
    if (![...table.querySelectorAll("th")].every((one) => one.scope))
      say("tables", table, "has a heading without scope");
  }
  if (!document.querySelector("[aria-live], [role=status], [role=alert]"))
    wrong.push("live: there is no live region");

  // Contrast
  const colour = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    if (text.startsWith("color("))
      return [numbers[0] * 255, numbers[1] * 255, numbers[2] * 255, numbers[3] ?? 1];
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const canvas = dark ? [18, 18, 18, 1] : [255, 255, 255, 1];
  const groundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const layer = colour(getComputedStyle(one).backgroundColor);
      if (layer[3] > 0) layers.unshift(layer);
    }
    return layers.reduce((ground, layer) => over(layer, ground), canvas);
  };
  const opacityOf = (element) => {
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    return opacity;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (
      !walker.currentNode.data.trim() ||
      seen.has(element) ||
      !shown(element) ||
      element.closest("script, style, template, .unseen, .skip, option, [aria-disabled=true], :disabled")
    )
      continue;
    seen.add(element);
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const [r, g, b, a] = colour(style.color);
    const ink = over([r, g, b, a * opacityOf(element)], ground);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(ink, ground);
    if (found < (large ? 3 : 4.5)) say("contrast", element, `has ${found.toFixed(2)}`);
  }
  for (const field of all("input:not([type=file]), select, textarea, button.button").filter(shown)) {
    const style = getComputedStyle(field);
    if (field.type === "checkbox" || style.borderTopWidth === "0px") continue;
    const outside = groundOf(field.parentElement);
    const edge = Math.max(
      ratio(colour(style.borderTopColor), outside),
      ratio(colour(style.backgroundColor), outside)
    );
    if (edge < 3) say("contrast", field, `has an edge of ${edge.toFixed(2)}`);
  }

  // Targets: 24 pixels, but for links in running text
  for (const element of all(controls).filter(shown)) {
    if (element.closest(".skip") || element.matches("pre, .wide, [role=group], h1, main")) continue;
    const inText =
      element.matches("a") &&
      getComputedStyle(element).display === "inline" &&
      element.parentElement.matches("p, td, dd, th, li");
    const target =
      element.matches("input[type=checkbox]") && element.labels.length ? element.labels[0] : element;
    const { width, height } = target.getBoundingClientRect();
    if (!inText && (width < 23.9 || height < 23.9))
      say("targets", element, `has ${width.toFixed(0)} x ${height.toFixed(0)}`);
  }

  // Width
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > room) {
    const widest = all("body *")
      .filter(
        (one) =>
          shown(one) &&
          one.getBoundingClientRect().right > room + 1 &&
          !one.closest(".wide, pre, .unseen, .contents")
      )
      .slice(0, 3);
    wrong.push(`width: ${document.documentElement.scrollWidth} of ${room}: ${widest.map(name).join("; ")}`);
  }
  return wrong;
};
