//! Several indexes in one manifest, each of its own encoder.
//!
//! While a catalog changes its encoder, one index is searched and others are kept beside it: the one
//! that is being built, and the one that was searched before. A writer works on one index at a time and
//! sees the manifest as if that index were alone in it, [`Manifest::index_of`]; what it made of that
//! takes its place among the others with [`Manifest::with_index`], which touches nothing else.

use serde::{Deserialize, Serialize};

use crate::ids::{Fingerprint, SegmentId};
use crate::manifest::{Lease, Manifest, SegmentEntry};

/// What a side index is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is being made, to be searched one day.
    Building,
    /// It was searched before, and can be again.
    Previous,
}

impl Role {
    /// `building` or `previous`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Previous => "previous",
        }
    }
}

/// An index beside the one that is searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideIndex {
    /// What it is there for.
    pub role: Role,
    /// What identifies the encoder of every vector in it.
    pub fingerprint: Fingerprint,
    /// The encoder's name, for people.
    pub encoder: String,
    /// Length of every vector.
    pub dimensions: usize,
    /// Its segments, oldest content first; at most one base, and that in front.
    pub segments: Vec<SegmentEntry>,
    /// Who is rebuilding its base.
    #[serde(default)]
    pub lease: Option<Lease>,
}

impl Manifest {
    /// The encoders of all indexes, that of the searched one first.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        std::iter::once(self.fingerprint).chain(self.sides.iter().map(|side| side.fingerprint))
    }

    /// The segments of all indexes.
    pub fn entries(&self) -> impl Iterator<Item = &SegmentEntry> + '_ {
        let sides = self.sides.iter().flat_map(|side| &side.segments);
        self.segments.iter().chain(sides)
    }

    /// Whether any index has this segment.
    pub fn names(&self, id: SegmentId) -> bool {
        self.entries().any(|entry| entry.id == id)
    }

    /// The side index with this role.
    pub fn side(&self, role: Role) -> Option<&SideIndex> {
        self.sides.iter().find(|side| side.role == role)
    }

    /// The manifest as if the index of this encoder were the only one; `None` when there is no such
    /// index.
    pub fn index_of(&self, fingerprint: Fingerprint) -> Option<Manifest> {
        if self.fingerprint == fingerprint {
            return Some(Manifest {
                sides: Vec::new(),
                ..self.clone()
            });
        }
        let side = self.sides.iter().find(|s| s.fingerprint == fingerprint)?;
        Some(Manifest {
            fingerprint,
            encoder: side.encoder.clone(),
            dimensions: side.dimensions,
            generation: self.generation,
            segments: side.segments.clone(),
            retired: self.retired.clone(),
            lease: side.lease.clone(),
            sides: Vec::new(),
            history: self.history.clone(),
        })
    }

    /// This manifest with the segments and the lease of one index replaced by those of `index`, which
    /// [`index_of`](Self::index_of) gave and a writer changed. `None` when there is no index of that
    /// encoder any more.
    pub fn with_index(&self, index: Manifest) -> Option<Manifest> {
        let mut whole = self.clone();
        if whole.fingerprint == index.fingerprint {
            whole.segments = index.segments;
            whole.lease = index.lease;
            return Some(whole);
        }
        let mut sides = whole.sides.iter_mut();
        let side = sides.find(|side| side.fingerprint == index.fingerprint)?;
        side.segments = index.segments;
        side.lease = index.lease;
        Some(whole)
    }

    /// This manifest with an empty index of another encoder, to be built. `None` when one is being
    /// built already, or there is an index of that encoder.
    pub fn with_building(
        &self,
        encoder: &str,
        fingerprint: Fingerprint,
        dimensions: usize,
    ) -> Option<Manifest> {
        let taken = self.fingerprints().any(|known| known == fingerprint);
        if taken || self.side(Role::Building).is_some() {
            return None;
        }
        let mut whole = self.clone();
        whole.sides.push(SideIndex {
            role: Role::Building,
            fingerprint,
            encoder: encoder.to_owned(),
            dimensions,
            segments: Vec::new(),
            lease: None,
        });
        Some(whole)
    }

    /// This manifest with the side index of that role in the place of the searched one, which becomes
    /// the previous one. An older previous one goes. `None` when there is no index of that role.
    pub fn with_switched(&self, role: Role) -> Option<Manifest> {
        let next = self.side(role)?.clone();
        let mut sides = self.sides.clone();
        sides.retain(|side| side.role != role && side.role != Role::Previous);
        sides.push(SideIndex {
            role: Role::Previous,
            fingerprint: self.fingerprint,
            encoder: self.encoder.clone(),
            dimensions: self.dimensions,
            segments: self.segments.clone(),
            lease: self.lease.clone(),
        });
        Some(Manifest {
            fingerprint: next.fingerprint,
            encoder: next.encoder,
            dimensions: next.dimensions,
            generation: self.generation,
            segments: next.segments,
            retired: self.retired.clone(),
            lease: next.lease,
            sides,
            history: self.history.clone(),
        })
    }

    /// This manifest without the side index of that role; `None` when there is none.
    pub fn without_side(&self, role: Role) -> Option<Manifest> {
        self.side(role)?;
        let mut whole = self.clone();
        whole.sides.retain(|side| side.role != role);
        Some(whole)
    }
}
