//! The pages are bundled by hand, and what is committed is served. Here it is found without Node if that is stale.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

const BUNDLE: &str = "clients/web/bundle";

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read(path).unwrap_or_default()
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// What a manifest says of files, by their names.
fn listed(manifest: &Value, part: &str) -> BTreeMap<String, String> {
    let files = manifest[part].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    files
        .iter()
        .map(|(name, of)| (name.clone(), text(of)))
        .collect()
}

#[test]
fn the_bundle_is_made_from_what_is_there() {
    let manifest: Value =
        serde_json::from_slice(&read(&format!("{BUNDLE}/manifest.json"))).unwrap();
    let inputs = listed(&manifest, "inputs");
    let outputs = listed(&manifest, "outputs");
    let known = [
        "clients/package-lock.json",
        "clients/web/src/protocol/main.tsx",
        "clients/js/src/client.ts",
        "grammar/protocol/v1/client.schema.json",
    ];
    for name in known {
        assert!(inputs.contains_key(name), "{name} is no input");
    }
    let changed = inputs
        .iter()
        .filter(|(name, known)| digest(&read(name)) != **known);
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    assert!(
        changed.is_empty(),
        "{changed:?} changed since {BUNDLE} was made: run `npm ci --ignore-scripts` in clients and `npm run build` in \
         clients/web, and commit what it makes"
    );
    for (name, known) in &outputs {
        let bytes = read(&format!("{BUNDLE}/{name}"));
        assert_eq!(
            &digest(&bytes),
            known,
            "{BUNDLE}/{name} is not as it was made: run `npm run build` in clients/web"
        );
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(BUNDLE);
    let there = fs::read_dir(folder).unwrap().count();
    assert_eq!(
        there,
        outputs.len() + 1,
        "{BUNDLE} holds what the manifest doesn't"
    );
}
