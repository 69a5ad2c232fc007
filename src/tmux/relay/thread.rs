//! The relays' own thread.
//!
//! A server that ends waits for its clients, and they leave through their relays. So these must get their turn
//! whatever keeps the thread of everything else.

use std::io;
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

static RUNTIME: OnceLock<Handle> = OnceLock::new();

/// The runtime on which relays run, started when the first one is made. It lives as long as the process.
pub(super) fn runtime() -> io::Result<&'static Handle> {
    if let Some(handle) = RUNTIME.get() {
        return Ok(handle);
    }
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("relays".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    // A second caller at the same moment keeps an idle thread, no more.
    Ok(RUNTIME.get_or_init(|| handle))
}
