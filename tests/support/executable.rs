//! Programs that tests put somewhere and run.
//!
//! Another process writes them. A file that is open for writing here is inherited by whatever another test forks at that
//! moment, and until that has run its own program, running this one fails with "Text file busy".

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Puts a script at a path.
pub fn write_script(path: &Path, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let written = writer.wait().unwrap();
    assert!(written.success(), "{}", path.display());
}

/// Puts a copy of a program at a path. Returns whether that worked.
pub fn copy(from: &Path, to: &Path) -> bool {
    let copied = Command::new("cp").args([from, to]).status();
    copied.is_ok_and(|copied| copied.success())
}
