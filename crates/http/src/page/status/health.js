// The health of the service in words, and what to do about problems
//
// Findings are { level, title, detail, command }: with "bad", searches fail; "warn" needs attention; "note" is for
// information.

const REMEDIES = {
  misconfigured: ["A bucket or the table is missing, or the function may not use it. Its log names which."],
  "unreadable-index": [
    "The stored index is damaged, or another release wrote it. Check it.",
    "lookalike index verify"
  ],
  "incomplete-index": [
    "A part of the stored index is missing. Build the index again.",
    "lookalike index rebuild --start-over"
  ],
  "other-encoder": [
    "Build the index again with the configured encoder.",
    "lookalike index rebuild --start-over"
  ],
  unavailable: ["A store is throttling or failing. If that continues, the function's log names it."]
};

function problemFinding(title, error) {
  const refused = error.status === 401 || error.status === 403;
  const other = refused
    ? [
        "The gateway requires credentials, which this page does not have. The command line has them.",
        "lookalike status"
      ]
    : ["The function's log has the reason."];
  const [advice, command] = REMEDIES[error.kind] || other;
  const said = [error.title, sentence(error.message)].filter(Boolean).join(": ");
  const request = error.requestId ? ` Request ${error.requestId}.` : "";
  return { level: "bad", title, detail: said + request + " " + advice, command };
}

function indexFindings(index) {
  const found = [];
  const add = (level, title, detail, command) => found.push({ level, title, detail, command });
  if (index.stale) {
    add(
      "bad",
      "The newest index cannot be read",
      `Searches answer from generation ${index.generation}. ${sentence(index.stale)}`,
      "lookalike index verify"
    );
  }
  if (!index.images)
    add(
      "warn",
      "The catalog is empty",
      "Searches find nothing until images are in the catalog bucket.",
      "lookalike upload images/"
    );
  if (index.failed) {
    add(
      "warn",
      count(index.failed, "image", "images") + " could not be indexed",
      (index.failures.length
        ? "The list below has the reasons. "
        : "On the command line, lookalike status --failed lists them with reasons. ") +
        "Replace or remove these images; after a store failure, retry all of them.",
      "lookalike index verify --repair"
    );
  }
  const rows = (kind) =>
    index.segments.filter((segment) => segment.kind === kind).reduce((sum, segment) => sum + segment.rows, 0);
  const [base, delta] = [rows("base"), rows("delta")];
  for (const { recall } of index.segments) {
    if (recall < 0.99)
      add(
        "warn",
        "The graph misses neighbors",
        `It finds ${share(recall)} of the ten nearest; 99 % are required. Rebuild it.`,
        "lookalike index rebuild"
      );
  }
  if (delta > 2000 && delta > 0.66 * base) {
    add(
      "warn",
      "The index needs a rebuild",
      "Most rows have no graph, so searches are slow. The indexer had too little time or memory.",
      "lookalike index rebuild"
    );
  }
  for (const side of index.side_indexes || []) found.push(sideFinding(side, index));
  const sides = (index.side_indexes || []).map(({ encoder }) => encoder.fingerprint);
  const other = index.configured_encoder;
  if (other && !sides.includes(other.fingerprint)) {
    add(
      "note",
      "The service has another encoder",
      `The index was made by ${index.encoder.name}; the service has ${other.name}. Searches use the encoder of the index.`,
      "lookalike reindex"
    );
  }
  return found;
}

function sideFinding({ role, encoder, rows, available }, index) {
  if (!available) {
    return {
      level: "warn",
      title: `The ${role} index is not kept up to date`,
      detail: `Its encoder ${encoder.name} is not stored beside it.`,
      command: "lookalike reindex " + (role === "building" ? "--cancel" : "--finish")
    };
  }
  if (role === "building") {
    return {
      level: "note",
      title: "The encoder is being changed",
      detail:
        `${rows.toLocaleString()} of ${count(index.images, "image is", "images are")} indexed with ` +
        `${encoder.name}. If the number stays the same, repeat the command.`,
      command: "lookalike reindex"
    };
  }
  return {
    level: "note",
    title: "The previous index is kept",
    detail: `You can still switch back to ${encoder.name}. Until you drop it, images are embedded twice.`,
    command: "lookalike reindex --finish"
  };
}

function probeFindings({ warm, failure }) {
  if (failure) return [problemFinding("Searches fail", failure)];
  if (warm <= 1000) return [];
  return [
    {
      level: "warn",
      title: "Searches are slow",
      detail: `A search with a small image took ${shownMilliseconds(warm)}. With more memory, a function also gets more CPU.`
    }
  ];
}

function verdict(findings) {
  const bad = findings.filter(({ level }) => level === "bad").length;
  const warn = findings.filter(({ level }) => level === "warn").length;
  if (bad > 1) return ["bad", "Searches have several problems"];
  if (bad) return ["bad", findings.find(({ level }) => level === "bad").title];
  if (warn) return ["warn", "Searches work; " + count(warn, "thing needs", "things need") + " attention"];
  return ["good", "All is well"];
}

function share(part) {
  return (part * 100).toFixed(1) + " %";
}
