//! The configuration: any file and any variables are read or refused with words, always in the same way.
//! The first byte says whether the file is YAML or TOML; lines behind a NUL are variables, `NAME=VALUE`.
#![no_main]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use muxwire::config::{Environment, Inputs, resolve};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let (text, variables) = match rest.iter().position(|byte| *byte == 0) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &b""[..]),
    };
    let extension = if *kind == b'y' { "yaml" } else { "toml" };
    let file = FOLDER.path().join(format!("config.{extension}"));
    fs::write(&file, text).expect("the file is written");
    let os = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let pairs = variables.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        Some((
            os(&[b"MUXWIRE_", &line[..at]].concat()),
            os(&line[at + 1..]),
        ))
    });
    let home = [(OsString::from("HOME"), OsString::from("/home/x"))];
    let environment = Environment::new(pairs.chain(home), "fuzz", FOLDER.path().join("etc"));
    let inputs = Inputs {
        flags: Vec::new(),
        file: Some(file),
        environment,
    };
    let resolved = resolve(&inputs);
    assert_eq!(resolve(&inputs), resolved);
    if let Err(problems) = resolved {
        assert!(
            problems
                .0
                .iter()
                .all(|problem| !problem.to_string().is_empty())
        );
    }
});
