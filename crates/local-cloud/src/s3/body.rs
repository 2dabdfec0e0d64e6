//! The bodies of requests and responses.

use std::fs::File;
use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use s3s::dto::StreamingBlob;
use s3s::{Body, S3Error, S3ErrorCode, S3Result, StdError};

use super::LocalS3;
use super::checksums::SentChecksums;
use crate::store::{Content, Draft, StoreError};

/// Received bytes are hashed and written in pieces of about this size.
const PIECE: usize = 1 << 19;
/// Maximum size of reads that are answered from memory.
const SMALL: u64 = 1 << 20;

impl LocalS3 {
    /// Receives a whole body and verifies its checksums.
    pub(super) async fn receive(
        &self,
        body: Option<StreamingBlob>,
        sent: SentChecksums,
    ) -> S3Result<Content> {
        let checks = sent.checks();
        let mut draft = self
            .blocking(move |this| this.incoming.begin(&checks).map_err(StoreError::from))
            .await?;
        let mut piece = BytesMut::new();
        if let Some(mut body) = body {
            while let Some(bytes) = body.next().await {
                piece.extend_from_slice(&bytes.map_err(incomplete)?);
                if piece.len() >= PIECE {
                    draft = self.append(draft, piece.split().freeze()).await?;
                }
            }
        }
        let content = self
            .blocking(move |_| {
                draft.write(&piece)?;
                draft.finish().map_err(StoreError::from)
            })
            .await?;
        sent.verify(&content)?;
        Ok(content)
    }

    async fn append(&self, mut draft: Draft, bytes: Bytes) -> S3Result<Draft> {
        let write = move |_: &Self| {
            draft.write(&bytes)?;
            Ok::<_, StoreError>(draft)
        };
        self.blocking(write).await
    }
}

/// Makes the error of a body that broke off, or does not match its signature.
fn incomplete(source: StdError) -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::IncompleteBody,
        format!("the body ended early or does not match its signature: {source}"),
    );
    error.set_source(source);
    error
}

/// Returns `length` bytes of the file from its current position; blocks if they are few.
pub(super) fn outgoing(mut file: File, length: u64) -> io::Result<StreamingBlob> {
    if length <= SMALL {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_exact(&mut bytes)?;
        return Ok(StreamingBlob::from(Body::from(bytes)));
    }
    let pieces = stream::try_unfold((file, length), |(file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || read_piece(file, left));
        let (piece, file) = read.await.map_err(io::Error::other)??;
        let left = left - piece.len() as u64;
        Ok::<_, io::Error>(Some((piece, (file, left))))
    });
    Ok(StreamingBlob::wrap(pieces))
}

fn read_piece(mut file: File, left: u64) -> io::Result<(Bytes, File)> {
    let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
    // Fails if another program truncated the file: the client then sees an incomplete transfer.
    file.read_exact(&mut piece)?;
    Ok((piece.into(), file))
}
