//! The queue of changes in memory.

use async_trait::async_trait;
use lookalike_core::error::StoreError;
use lookalike_core::ports::ChangeQueue;

use super::MemoryCloud;

#[async_trait]
impl ChangeQueue for MemoryCloud {
    async fn push(&self, keys: &[String]) -> Result<(), StoreError> {
        self.call("push changes").await?;
        self.state().changes.extend_from_slice(keys);
        Ok(())
    }

    async fn request_maintenance(&self) -> Result<(), StoreError> {
        self.call("request maintenance").await?;
        self.state().maintenance_requests += 1;
        Ok(())
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        self.call("count changes").await?;
        Ok(self.state().changes.len() as u64)
    }
}
