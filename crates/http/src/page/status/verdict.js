// Whether all is well, in words, and what to do if not
//
// Findings are { level, title, detail, command }: "bad" keeps shoppers from finding, "warn" wants doing
// something about, "note" only wants knowing.

const REMEDIES = {
  misconfigured: ["A bucket or the table is missing or closed to the function: its log names which."],
  "unreadable-index": [
    "The stored index is damaged or of another release: check it.",
    "lookalike index verify"
  ],
  "incomplete-index": [
    "A part of the stored index is missing: check it, then make it anew.",
    "lookalike index rebuild --start-over"
  ],
  "other-encoder": [
    "Make the index anew with the encoder that is wanted.",
    "lookalike index rebuild --start-over"
  ],
  unavailable: ["A store is throttling or failing. If it stays so, the function's log tells which."]
};

function problemFinding(title, error) {
  const refused = error.status === 401 || error.status === 403;
  const other = refused
    ? [
        "The gateway wants to know who asks, which a page cannot tell it. The command line can.",
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
      "Nothing can be found before pictures are in the catalog bucket.",
      "lookalike upload pictures/"
    );
  if (index.failed) {
    add(
      "warn",
      count(index.failed, "picture", "pictures") + " could not be indexed",
      "Each is listed with its reason. Replace or remove it; after a fault of a store, try all of them again.",
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
        "The graph misses neighbours",
        `It finds ${share(recall)} of the ten nearest, and 99 % are asked of it. Building it again helps.`,
        "lookalike index rebuild"
      );
  }
  if (delta > 2000 && delta > 0.66 * base) {
    add(
      "warn",
      "The index wants rebuilding",
      "Most rows have no graph, which slows searches down: the indexer had too little time or memory.",
      "lookalike index rebuild"
    );
  }
  for (const side of index.side_indexes || []) found.push(sideFinding(side, index));
  const sides = (index.side_indexes || []).map(({ encoder }) => encoder.fingerprint);
  const other = index.configured_encoder;
  if (other && !sides.includes(other.fingerprint)) {
    add(
      "note",
      "The service brings another encoder",
      `The index is of ${index.encoder.name}, the service has ${other.name}. Searches use the index's.`,
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
        `${rows.toLocaleString()} of ${count(index.images, "picture is", "pictures are")} indexed with ` +
        `${encoder.name}. If nothing moves, the same command goes on.`,
      command: "lookalike reindex"
    };
  }
  return {
    level: "note",
    title: "The previous index is kept",
    detail: `The way back to ${encoder.name} is open; until it is given up, pictures are embedded twice.`,
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
      detail: `A small picture took ${shownMilliseconds(warm)}. More memory gives a function more processor.`
    }
  ];
}

function verdict(findings) {
  const bad = findings.filter(({ level }) => level === "bad").length;
  const warn = findings.filter(({ level }) => level === "warn").length;
  if (bad > 1) return ["bad", "Shoppers cannot search as they should"];
  if (bad) return ["bad", findings.find(({ level }) => level === "bad").title];
  if (warn) return ["warn", "Searches work; " + count(warn, "thing wants", "things want") + " attention"];
  return ["good", "All is well"];
}

function share(part) {
  return (part * 100).toFixed(1) + " %";
}
