//! Single lines: each gives one event, or opens a block; output comes back when it is escaped again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use muxwire_fuzz::control::{ControlClient, Event, Limits, escape};

fuzz_target!(|data: &[u8]| {
    let line: Vec<u8> = data.iter().copied().filter(|byte| *byte != b'\n').collect();
    let mut client = ControlClient::new(Limits::default());
    client.feed(&line);
    client.feed(b"\n");
    match client.next_event() {
        None => assert!(line.starts_with(b"%begin ")),
        Some(Event::Output(output)) => {
            let (mut raw, mut escaped, mut again) =
                (BytesMut::new(), BytesMut::new(), BytesMut::new());
            output.unescape_into(&mut raw);
            escape::escape_into(&raw, &mut escaped);
            escape::unescape_into(&escaped, &mut again);
            assert_eq!(raw, again);
            assert!(raw.len() <= output.escaped().len());
        }
        Some(_) => {}
    }
    assert!(client.next_event().is_none());
});
