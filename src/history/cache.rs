//! Chunks that were read lately, so that questions about the same time don't read them again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::chunk::Chunk;

/// How much memory they may take, in bytes.
const MOST: usize = 32 << 20;

/// The chunks, by their numbers, which no other chunk ever has.
#[derive(Debug, Default)]
pub(super) struct ChunkCache(Mutex<Chunks>);

#[derive(Debug, Default)]
struct Chunks {
    chunks: HashMap<i64, Arc<Chunk>>,
    /// From the one that came first.
    order: VecDeque<i64>,
    bytes: usize,
}

impl ChunkCache {
    pub(super) fn get(&self, id: i64) -> Option<Arc<Chunk>> {
        let chunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.chunks.get(&id).map(Arc::clone)
    }

    pub(super) fn put(&self, id: i64, chunk: &Arc<Chunk>) {
        let mut chunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if chunks.chunks.insert(id, Arc::clone(chunk)).is_none() {
            chunks.order.push_back(id);
            chunks.bytes += cost(chunk);
        }
        while chunks.bytes > MOST && chunks.order.len() > 1 {
            let oldest = chunks.order.pop_front();
            let oldest = oldest.and_then(|oldest| chunks.chunks.remove(&oldest));
            chunks.bytes -= oldest.map_or(0, |oldest| cost(&oldest));
        }
    }

    /// Another file has taken the place of the one that they are of.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Chunks::default();
    }
}

fn cost(chunk: &Chunk) -> usize {
    let masked = chunk.masked.as_ref().map_or(0, |masked| masked.len());
    chunk.bytes.len() + masked + chunk.text.len() + 64 * chunk.outputs.len()
}
