//! Layouts: what parses is written and parsed again. The checksum is set right, so that fuzzing gets past it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use muxwire_fuzz::control::Layout;

fuzz_target!(|data: &[u8]| {
    let _ = Layout::parse(data);
    let Some(cells) = data.get(5..) else { return };
    let sum = cells.iter().fold(0_u16, |sum, byte| {
        sum.rotate_right(1).wrapping_add(u16::from(*byte))
    });
    let text = [format!("{sum:04x},").as_bytes(), cells].concat();
    if let Ok(layout) = Layout::parse(&text) {
        assert_eq!(
            Layout::parse(layout.to_string().as_bytes()).as_ref(),
            Ok(&layout)
        );
        assert!(layout.panes().len() <= data.len());
    }
});
