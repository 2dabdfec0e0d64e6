//! The state of the model: bucket, manifest and processes.

use crate::set::Set;

/// Segments that a run may upload; the ids are never used again.
pub const MAX_SEGMENTS: usize = 6;

/// The manifest object. Its generation stands for its ETag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Manifest {
    /// Grows by one with every write.
    pub generation: u8,
    /// Segments of the index.
    pub named: Set,
    /// Doomed segments, each with the first generation that lists it.
    pub doomed: Vec<(u8, u8)>,
    /// The highest generation that was dropped from the list; `None` if an earlier release wrote the manifest.
    pub forgotten: Option<u8>,
    /// The rebuilder that holds the lease.
    pub lease: Option<u8>,
    /// Segments that were replaced within the safe age.
    pub retired: Set,
}

/// A process that publishes: a batch, or a rebuild of the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Writer {
    /// The generation that it read last, on which its next write depends.
    pub view: Option<u8>,
    /// Its segment, and the generation that was read before the upload.
    pub segment: Option<(u8, u8)>,
    /// Everything that it uploaded.
    pub mine: Set,
    /// A conditional write without an answer: it may still arrive.
    pub pending: Option<(u8, u8)>,
    /// What a rebuild puts together: the segments, and their edits.
    pub made_of: Option<(Set, Set)>,
    /// True if it is done or has given up.
    pub is_done: bool,
}

/// A process that collects garbage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Collector {
    /// The stored segments when it began.
    pub listed: Option<Set>,
    /// The generation that it read, with the named and the doomed segments.
    pub view: Option<(u8, Set, Set)>,
    /// Segments that it removed in this run.
    pub removed: Set,
}

/// A generation that was replaced, and can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Its segments.
    pub named: Set,
    /// The edits in it.
    pub edits: Set,
    /// Its lists.
    pub doomed: Vec<(u8, u8)>,
    /// Its watermark.
    pub forgotten: Option<u8>,
}

/// How often rare events still happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// Processes that end, whose work another one begins again.
    pub crashes: u8,
    /// Conditional writes without an answer.
    pub lost_answers: u8,
    /// Uploads that arrive once more, after the first answer.
    pub echoes: u8,
    /// Publications of an earlier release.
    pub earlier_releases: u8,
    /// Times that the safe age passes.
    pub ages: u8,
    /// Operators that go back to the kept generation.
    pub rollbacks: u8,
}

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The manifest.
    pub manifest: Manifest,
    /// Segments in the bucket.
    pub stored: Set,
    /// Uploads that may still arrive.
    pub in_flight: Set,
    /// Uploads that were answered.
    pub answered: Set,
    /// Edits in each segment.
    pub edits: [Set; MAX_SEGMENTS],
    /// The next id.
    pub next: u8,
    /// Edits that were published and not gone back from.
    pub published: Set,
    /// The generation before the last one that replaced segments.
    pub kept: Option<Kept>,
    /// A reader's segments, within the promised time.
    pub reader: Option<Set>,
    /// Bases published under the present lease.
    pub effects: u8,
    /// Batches, and after them rebuilds.
    pub writers: Vec<Writer>,
    /// Garbage collections.
    pub collectors: Vec<Collector>,
    /// A rollback that has checked the kept generation, in the generation of that number.
    pub rollback: Option<(u8, Kept)>,
    /// What may still go wrong.
    pub left: Left,
}

impl Manifest {
    /// The doomed segments.
    pub fn doomed_set(&self) -> Set {
        let ids = self.doomed.iter().map(|(id, _)| Set::of(*id));
        ids.fold(Set::default(), Set::and)
    }

    /// As `Manifest::forgotten_generation` of the index.
    pub fn forgotten_generation(&self) -> u8 {
        self.forgotten.unwrap_or(self.generation.saturating_sub(1))
    }
}

impl State {
    /// The edits in these segments.
    pub fn edits_of(&self, segments: Set) -> Set {
        let edits = segments.numbers().map(|id| self.edits[usize::from(id)]);
        edits.fold(Set::default(), Set::and)
    }

    /// Replaces the manifest, as every conditional write that succeeds.
    pub fn publish(&mut self, named: Set) {
        let replaced = self.manifest.named.without(named);
        if !replaced.is_empty() {
            self.kept = Some(Kept {
                named: self.manifest.named,
                edits: self.edits_of(self.manifest.named),
                doomed: self.manifest.doomed.clone(),
                forgotten: self.manifest.forgotten,
            });
        }
        self.manifest.forgotten = Some(self.manifest.forgotten_generation());
        self.manifest.generation += 1;
        self.manifest.retired = self.manifest.retired.and(replaced).without(named);
        self.manifest.named = named;
        self.published = self.published.and(self.edits_of(named));
    }
}
