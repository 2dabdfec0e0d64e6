//! Vector bases in memory: searched exactly, or as slowly and roughly as an engine's settings say.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lookalike_core::error::{StoreError, StoreErrorKind};
use lookalike_core::model::Page;
use lookalike_core::vector_base::{
    BaseAddress, FoundRows, KeyState, SlotQuery, VectorBase, VectorBaseAdmin, VectorBaseWriter,
    WriterNumber,
};
use lookalike_index::{BaseName, Row};

use super::engine::{EngineSettings, StoredBase};
use super::{MemoryCloud, State, time_of};

impl MemoryCloud {
    /// Makes the engine of vector bases behave in another way.
    pub fn set_engine(&self, settings: EngineSettings) {
        self.state().engine = settings;
    }

    /// Returns the live rows of a vector base, by key.
    pub fn base_rows(&self, name: &BaseName) -> BTreeMap<String, Row> {
        let state = self.state();
        let rows = state.bases.get(name).into_iter().flat_map(StoredBase::rows);
        rows.map(|row| (row.key.clone(), row.clone())).collect()
    }

    async fn write_entries(
        &self,
        name: &'static str,
        base: &BaseAddress,
        rows: Vec<(String, Option<Row>)>,
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let (base, clock) = (base.clone(), Arc::clone(&self.clock));
        self.write(name, move |state| {
            let stored = base_of(&mut state.bases, &base)?;
            // A late write is as old as its arrival.
            let now = time_of(&*clock);
            let mut written = 0;
            for (key, row) in &rows {
                written += u64::from(stored.write(key, row.as_ref(), writer, now));
            }
            Ok(written)
        })
        .await
    }
}

fn base_of<'a>(
    bases: &'a mut BTreeMap<BaseName, StoredBase>,
    base: &BaseAddress,
) -> Result<&'a mut StoredBase, StoreError> {
    let missing = || {
        let name = &base.name;
        StoreError::new(
            StoreErrorKind::NotFound,
            "use a vector base",
            format!("there is no vector base {name}"),
        )
    };
    bases.get_mut(&base.name).ok_or_else(missing)
}

#[async_trait]
impl VectorBase for MemoryCloud {
    async fn search(
        &self,
        base: &BaseAddress,
        query: SlotQuery<'_>,
    ) -> Result<FoundRows, StoreError> {
        self.call("search vector base").await?;
        let now = time_of(&*self.clock);
        let mut state = self.state();
        let settings = state.engine;
        let stored = base_of(&mut state.bases, base)?;
        Ok(stored.search(query, settings, now))
    }

    async fn of_products(
        &self,
        base: &BaseAddress,
        product_ids: &[String],
    ) -> Result<Vec<Row>, StoreError> {
        self.call("rows of products").await?;
        let now = time_of(&*self.clock);
        let mut state = self.state();
        let settings = state.engine;
        let stored = base_of(&mut state.bases, base)?;
        Ok(stored.of_products(product_ids, settings, now))
    }

    async fn get(
        &self,
        base: &BaseAddress,
        keys: &[String],
    ) -> Result<BTreeMap<String, KeyState>, StoreError> {
        self.call("get base rows").await?;
        let mut state = self.state();
        let stored = base_of(&mut state.bases, base)?;
        let states = keys.iter();
        let states = states.filter_map(|key| Some((key.clone(), stored.state(key)?)));
        Ok(states.collect())
    }

    async fn scan(&self, base: &BaseAddress, after: Option<&str>) -> Result<Page<Row>, StoreError> {
        self.call("scan vector base").await?;
        let mut state = self.state();
        let stored = base_of(&mut state.bases, base)?;
        Ok(stored.page(after))
    }
}

#[async_trait]
impl VectorBaseWriter for MemoryCloud {
    async fn put(
        &self,
        base: &BaseAddress,
        rows: &[Row],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let rows = rows.iter().map(|row| (row.key.clone(), Some(row.clone())));
        self.write_entries("put base rows", base, rows.collect(), writer)
            .await
    }

    async fn remove(
        &self,
        base: &BaseAddress,
        keys: &[String],
        writer: WriterNumber,
    ) -> Result<u64, StoreError> {
        let keys = keys.iter().map(|key| (key.clone(), None));
        self.write_entries("remove base rows", base, keys.collect(), writer)
            .await
    }
}

#[async_trait]
impl VectorBaseAdmin for MemoryCloud {
    async fn create(&self, base: &BaseAddress) -> Result<(), StoreError> {
        let base = base.clone();
        self.write("create vector base", move |state: &mut State| {
            let stored = state.bases.entry(base.name.clone());
            let stored = stored.or_insert_with(|| StoredBase::new(base.clone()));
            match stored.address == base {
                true => Ok(()),
                false => Err(StoreError::new(
                    StoreErrorKind::Conflict,
                    "create a vector base",
                    "one of this name has another layout or other vectors",
                )),
            }
        })
        .await
    }

    async fn is_searchable(&self, base: &BaseAddress) -> Result<bool, StoreError> {
        self.call("look at vector base").await?;
        Ok(self.state().bases.contains_key(&base.name))
    }

    async fn delete(&self, name: &BaseName) -> Result<(), StoreError> {
        let name = name.clone();
        self.write("delete vector base", move |state| {
            state.bases.remove(&name);
            Ok(())
        })
        .await
    }

    async fn list(&self) -> Result<Vec<BaseName>, StoreError> {
        self.call("list vector bases").await?;
        Ok(self.state().bases.keys().cloned().collect())
    }
}
