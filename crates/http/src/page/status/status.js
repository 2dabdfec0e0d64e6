// The page: requests, findings, tables

const PROBES = 4;
const PAUSE = 10_000;

let round = 0;

// An arbitrary image: the time of the search matters, not its results.
function probeImage() {
  const canvas = make("canvas", { width: 96, height: 96 });
  const pen = canvas.getContext("2d");
  const shade = pen.createLinearGradient(0, 0, 96, 96);
  shade.addColorStop(0, "#d9534f");
  shade.addColorStop(1, "#31708f");
  pen.fillStyle = shade;
  pen.fillRect(0, 0, 96, 96);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// The first search may include a cold start; the others do not.
async function probe() {
  const body = await probeImage();
  const runs = [];
  try {
    for (let turn = 0; turn < PROBES; turn += 1) {
      const run = {};
      const heard = ({ response, milliseconds }) => {
        run.milliseconds = milliseconds;
        run.timing = response.headers.get("server-timing");
      };
      const options = { method: "POST", body, headers: { "content-type": "image/png" } };
      run.answer = await call(
        route("search", [
          ["k", 10],
          ["min_score", -1]
        ]),
        options,
        heard
      );
      runs.push(run);
    }
  } catch (failure) {
    return { runs, failure };
  }
  const awake = runs.slice(1).sort((one, other) => one.milliseconds - other.milliseconds);
  const typical = awake[Math.floor(awake.length / 2)];
  return { runs, first: runs[0].milliseconds, warm: typical.milliseconds, typical };
}

async function refresh() {
  const mine = (round += 1);
  at("refresh").ariaDisabled = "true";
  const [index, health, searching] = await Promise.all([
    call(route("index")).catch((problem) => ({ problem })),
    call(route("health")).catch((problem) => ({ problem })),
    probe()
  ]);
  if (mine !== round) return;
  at("refresh").ariaDisabled = null;
  const findings = [];
  if (health.problem) findings.push(problemFinding("The service does not answer", health.problem));
  else if (index.problem) findings.push(problemFinding("The state of the index cannot be read", index.problem));
  if (!health.problem) findings.push(...probeFindings(searching));
  if (!index.problem) findings.push(...indexFindings(index));
  showVerdict(findings);
  showFigures(index.problem ? null : index, searching);
  showTables(index.problem ? null : index);
  schedule();
}

function showVerdict(findings) {
  const order = ["bad", "warn", "note"];
  findings.sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
  const [tone, words] = verdict(findings);
  at("verdict").className = "verdict " + tone;
  if (at("word").textContent !== words) at("word").textContent = words;
  at("moment").textContent = "As of " + new Date().toLocaleTimeString() + ".";
  at("findings").replaceChildren(...findings.map(finding));
}

function finding({ level, title, detail, command }) {
  const words = { bad: "Broken", warn: "Attention", note: "Note" };
  const todo = command ? make("p", {}, "Run ", make("code", {}, command)) : "";
  return make(
    "li",
    { class: "finding " + level },
    make("span", { class: "level" }, words[level]),
    make("h2", {}, title),
    make("div", {}, make("p", {}, detail), todo)
  );
}

function figures(id, pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  at(id).replaceChildren(
    ...shown.flatMap(([name, value]) => [
      make("dt", {}, name),
      make("dd", {}, typeof value === "number" ? value.toLocaleString() : value)
    ])
  );
}

function showFigures(index, { first, warm, typical }) {
  const bytes = index && index.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  figures(
    "catalog",
    index
      ? [
          ["Products", index.products ?? "not counted"],
          ["Images", index.images],
          ["Could not be indexed", index.failed],
          ["Generation", index.generation],
          ["Stored index", shownBytes(bytes)]
        ]
      : [["State", "unknown"]]
  );
  const { query, exact } = typical ? typical.answer : {};
  const part = (milliseconds) => (typeof milliseconds === "number" ? shownMilliseconds(milliseconds) : "");
  figures(
    "searching",
    typical
      ? [
          ["First search", part(first)],
          ["Warm search", part(warm)],
          ["of it, embedding", query && part(query.embedding_ms)],
          ["of it, searching", query && part(query.search_ms)],
          [
            "of it, network and the rest",
            query && part(Math.max(0, warm - query.embedding_ms - query.search_ms))
          ],
          ["Compares", exact === undefined ? "" : exact ? "every image" : "along the graph"],
          [
            "Server-Timing",
            typical.timing &&
              typical.timing.replaceAll(/;dur=([\d.]+)/g, (_, number) => " " + part(Number(number)))
          ]
        ]
      : [["Search", "fails"]]
  );
  const { encoder, configured_encoder: other } = index || {};
  figures(
    "encoder",
    encoder
      ? [
          ["Name", encoder.name],
          ["Dimensions", encoder.dimensions],
          ["Fingerprint", make("code", { title: encoder.fingerprint }, encoder.fingerprint.slice(0, 16) + "…")],
          ["Configured encoder", other && other.name]
        ]
      : [["State", "unknown"]]
  );
}

// Columns are [title, cell, whether it is a number].
function table(title, rows, columns, note) {
  if (!rows || !rows.length) return "";
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const head = make(
    "tr",
    {},
    ...columns.map(([name, , number]) => make("th", { scope: "col", class: number && "number" }, name))
  );
  const body = rows.map((row) =>
    make("tr", {}, ...columns.map(([, cell, number]) => make("td", { class: number && "number" }, cell(row))))
  );
  const whole = make("table", { "aria-labelledby": id }, make("thead", {}, head), make("tbody", {}, ...body));
  return make(
    "section",
    { class: "sheet", "aria-labelledby": id },
    make("h2", { id }, title),
    make("p", { class: "soft small" }, note || ""),
    make("div", { class: "wide", role: "group", "aria-labelledby": id, tabindex: 0 }, whole)
  );
}

function showTables(index) {
  if (!index) return at("tables").replaceChildren();
  const rows = index.segments.reduce((sum, segment) => sum + segment.rows, 0);
  const number = (value) => (typeof value === "number" ? value.toLocaleString() : "–");
  const gauge = (part) => {
    const bar = make("span");
    bar.style.width = Math.max(1, part * 100) + "%";
    return make("div", { class: "gauge" }, bar);
  };
  const moment = (text) => new Date(text).toLocaleString();
  const deleted = rows - index.images;
  at("tables").replaceChildren(
    ...[
      table(
        "Segments",
        index.segments,
        [
          ["Kind", ({ kind }) => kind],
          ["Rows", (segment) => number(segment.rows), true],
          ["Share of rows", (segment) => gauge(rows ? segment.rows / rows : 0)],
          ["Size", ({ bytes }) => shownBytes(bytes), true],
          [
            "Recall of its graph",
            ({ recall }) => (recall === undefined ? "every row is compared" : share(recall)),
            true
          ]
        ],
        deleted > 0
          ? count(deleted, "row is", "rows are") + " deleted or replaced by newer ones; the next rebuild drops them."
          : ""
      ),
      table("Images that could not be indexed", index.failures, [
        ["Image", ({ key }) => make("code", {}, key)],
        ["Reason", ({ reason }) => reason],
        ["Tried", ({ at }) => moment(at)]
      ]),
      table("Indexes of other encoders", index.side_indexes, [
        ["Role", ({ role }) => role],
        ["Encoder", ({ encoder }) => encoder.name],
        ["Dimensions", ({ encoder }) => number(encoder.dimensions), true],
        ["Rows", (side) => number(side.rows), true],
        ["Size", ({ bytes }) => shownBytes(bytes), true],
        ["Kept up to date", ({ available }) => (available ? "yes" : "no")]
      ]),
      table("Attributes for filters", index.filterable, [
        ["Attribute", ({ name }) => make("code", {}, name)],
        ["Holds", ({ type }) => type || "–"],
        ["Products", ({ products }) => number(products), true]
      ]),
      table("Last generations", index.history, [
        ["Generation", ({ generation }) => number(generation), true],
        ["Published", ({ published }) => moment(published)],
        ["Change", ({ summary }) => summary]
      ])
    ].filter(Boolean)
  );
}

function shownBytes(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let step = 0;
  for (; bytes >= 1000 && step < units.length - 1; step += 1) bytes /= 1000;
  return (step && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes).toLocaleString()) + " " + units[step];
}

let timer = 0;
function schedule() {
  clearTimeout(timer);
  if (at("auto").checked) timer = setTimeout(() => (document.hidden ? schedule() : refresh()), PAUSE);
}

at("refresh").addEventListener("click", () => at("refresh").ariaDisabled || refresh());
at("auto").addEventListener("change", schedule);
refresh();
