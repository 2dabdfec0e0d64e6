"""Deliberate bugs, each a text of the code and what to write instead."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A mistake that someone could make."""

    name: str
    file: str
    text: str
    instead: str


BUGS = [
    Bug(
        "no second look at images after publishing",
        "crates/indexing/src/batch_run.rs",
        "pending = self.changed_since(&observed, deadline).await;",
        "pending = BTreeSet::new();",
    ),
    Bug(
        "no second look at products after publishing",
        "crates/indexing/src/batch_run.rs",
        "pending.extend(self.attributes_changed_since(&observed, deadline).await);",
        "",
    ),
    Bug(
        "a merge forgets tombstones",
        "crates/index/src/compaction.rs",
        "let tombstones = tombstones.into_iter().map(str::to_owned).collect();",
        "let tombstones = tombstones.into_iter().take(0).map(str::to_owned).collect();",
    ),
    Bug(
        "a merged segment brings back rows that were deleted meanwhile",
        "crates/indexing/src/manifest_edit/compaction.rs",
        "    if rows.is_empty() {\n        return Ok(None);\n    }\n    // The tombstone",
        "    if true {\n        return Ok(None);\n    }\n    // The tombstone",
    ),
    Bug(
        "a base replaces segments without the lease",
        "crates/indexing/src/manifest_edit/lease.rs",
        "lease.is_some_and(|lease| lease.owner == owner)",
        "lease.is_some_and(|lease| lease.owner == owner) || lease.is_none() || lease.is_some()",
    ),
    Bug(
        "a removed image stays in standby indexes",
        "crates/indexing/src/batch_run.rs",
        "Observation::Gone | Observation::Bad { .. } => batch.removals.push(key.clone()),",
        "Observation::Gone | Observation::Bad { .. } if target > 0 => {}\n"
        "            Observation::Gone | Observation::Bad { .. } => batch.removals.push(key.clone()),",
    ),
    Bug(
        "a replaced generation is not kept",
        "crates/indexing/src/publish.rs",
        "self.generations.keep(manifest.generation, bytes).await?;",
        "drop(bytes);",
    ),
    Bug(
        "a delta does not supersede older rows",
        "crates/indexing/src/manifest_edit/batch.rs",
        "let mut deleted = view.deleted_by(keys.chain(tombstones.iter().map(String::as_str)));",
        "let mut deleted = view.deleted_by(keys.chain(tombstones.iter().map(String::as_str)).take(0));",
    ),
    Bug(
        "garbage is removed without being doomed",
        "crates/indexing/src/garbage_collector.rs",
        "let garbage = self.garbage(stored, manifest, &kept, safe_since).await?;",
        "let garbage = self.garbage(stored, manifest, &kept, safe_since).await?;\n"
        "        self.remove(garbage.clone(), removed).await?;",
    ),
    Bug(
        "a writer names segments that are doomed",
        "crates/indexing/src/uploads.rs",
        "upload.is_some_and(|(upload, manifest)| manifest.fences_off(id, upload.read))",
        "upload.is_some_and(|(upload, manifest)| manifest.fences_off(id, upload.read)) && false",
    ),
    Bug(
        "generations are removed that pages may continue",
        "crates/indexing/src/garbage_collector.rs",
        "let promised = safe_since + self.settings.safe_age / 2;",
        "let promised = safe_since + self.settings.safe_age;",
    ),
    Bug(
        "records of products that an image left stay",
        "crates/indexing/src/observe.rs",
        "            self.forget_other_records(key, observed.served(), current, looking.written)\n"
        "                .await?;\n",
        "",
    ),
    Bug(
        "a switch does not look for images that the new index lacks",
        "crates/indexing/src/encoder_migration/switch.rs",
        "if !keys.is_empty() {",
        "if !keys.is_empty() && false {",
    ),
    Bug(
        "going back to a base segment brings older rows back",
        "crates/indexing/src/manifest_edit/vector_base_edit.rs",
        "deleted: base_alone.deleted_by(keys.into_iter()),",
        "deleted: base_alone.deleted_by(keys.into_iter().take(0)),",
    ),
    Bug(
        "removed images stay in the vector base",
        "crates/indexing/src/vector_base/drain.rs",
        "let removed = tombstones.filter(|key| view.locate(key).is_none());",
        "let removed = tombstones.filter(|_| false);",
    ),
    Bug(
        "a base segment is built beside a vector base",
        "crates/indexing/src/manifest_edit/lease.rs",
        "if current.manifest.vector_base.is_some() {",
        "if current.manifest.vector_base.is_some() && false {",
    ),
    Bug(
        "rows of a vector base hide newer ones",
        "crates/index/src/live_rows.rs",
        ".for_each(|row| _ = deleted.insert(row));",
        ".take(0)\n                .for_each(|row| _ = deleted.insert(row));",
    ),
    Bug(
        "a backfill does not look at images again",
        "crates/indexing/src/vector_base/backfill.rs",
        "self.changed_since(&observed, deadline).await;",
        "BTreeSet::new();",
    ),
    Bug(
        "a base segment that takes the place of a vector base brings back rows",
        "crates/indexing/src/manifest_edit/compaction.rs",
        "let rows = superseded(base, replaced, current);",
        "let rows: Vec<u32> = superseded(base, replaced, current).into_iter().take(0).collect();",
    ),
    Bug(
        "the manifest is replaced whatever it is",
        "crates/test-support/src/memory/index.rs",
        "if current != expected {",
        "if current != expected && false {",
    ),
]
