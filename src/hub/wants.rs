//! Who wants to know of resources: they are looked at only while somebody does.

use tokio::sync::watch;

/// How many want to know of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourcesWanted {
    /// How many want to know now.
    pub holders: usize,
    /// How many ever did: with it grows who knows nothing yet.
    pub asked: u64,
}

/// Somebody wants to know of resources for as long as this lives.
#[derive(Debug)]
pub struct ResourcesWish(watch::Sender<ResourcesWanted>);

impl ResourcesWish {
    pub(super) fn new(wanted: &watch::Sender<ResourcesWanted>) -> Self {
        wanted.send_modify(|wanted| {
            wanted.holders += 1;
            wanted.asked += 1;
        });
        Self(wanted.clone())
    }
}

impl Drop for ResourcesWish {
    fn drop(&mut self) {
        self.0
            .send_modify(|wanted| wanted.holders = wanted.holders.saturating_sub(1));
    }
}
