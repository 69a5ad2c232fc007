//! Lock files of packages that build muxwire into something else: each has what muxwire's own has.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// What a lock file misses of muxwire's direct dependencies, or has in other versions than muxwire's own.
pub fn check(name: &str, lock: &str, manifest: &str, own_lock: &str) -> Vec<String> {
    let [lock, manifest, own_lock] = [lock, manifest, own_lock].map(|text| text.parse().unwrap());
    if !packages(&lock).any(|(package, _)| package == "muxwire") {
        return Vec::new();
    }
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let differs =
        |dependency: &&String| versions(&lock, dependency) != versions(&own_lock, dependency);
    dependencies
        .keys()
        .filter(differs)
        .map(|dependency| {
            format!(
                "{name}: {dependency} is locked at {:?}, in Cargo.lock at {:?}; \
                 `cargo metadata --manifest-path {}` adds what is missing, `cargo update --precise` changes a version",
                versions(&lock, dependency),
                versions(&own_lock, dependency),
                name.replace("Cargo.lock", "Cargo.toml"),
            )
        })
        .collect()
}

fn packages(lock: &Table) -> impl Iterator<Item = (&str, &str)> {
    let all = lock["package"].as_array().unwrap();
    all.iter()
        .map(|package| (text(package, "name"), text(package, "version")))
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap()
}

fn versions<'a>(lock: &'a Table, name: &str) -> BTreeSet<&'a str> {
    let of_name = packages(lock).filter(|(package, _)| *package == name);
    of_name.map(|(_, version)| version).collect()
}
