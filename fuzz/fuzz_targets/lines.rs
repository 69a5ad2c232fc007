//! Streams: any chunking gives the same events, and nothing panics or outgrows its bounds.
//! The first byte says how large the pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use muxwire_fuzz::events;

fuzz_target!(|data: &[u8]| {
    let Some((&piece, stream)) = data.split_first() else {
        return;
    };
    assert_eq!(
        events(stream, usize::from(piece) + 1),
        events(stream, stream.len())
    );
});
