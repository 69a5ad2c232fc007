//! Circles among the files of one module: two that import each other can only be read, and changed, together.
//!
//! A file may import from the modules around it, of which it is a part; that is no circle.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

type Path = Vec<String>;

/// Files that import each other and stay so for now, each with its reason. None is to be added.
pub const KNOWN: &[(&[&str], &str)] = &[(
    &["hub::log", "hub::reader"],
    "a reader holds the hub that hands it out",
)];

/// Modules at the top whose files are not held to it yet, each with its reason.
const LATER: &[(&str, &str)] = &[("server", "sessions and dialects are being taken apart")];

/// The circles, each as the modules that are in it.
pub fn find(sources: &[Source]) -> Vec<Vec<String>> {
    let modules: BTreeSet<Path> = sources.iter().map(Source::module).collect();
    let exports = exports(sources, &modules);
    let is_held = |source: &&Source| LATER.iter().all(|(name, _)| source.top() != *name);
    let imports: BTreeMap<Path, BTreeSet<Path>> = sources
        .iter()
        .filter(is_held)
        .map(|source| (source.module(), imports(source, &modules, &exports)))
        .collect();
    let mut found = BTreeSet::new();
    for module in &modules {
        let reached = reaches(module, &imports);
        if reached.contains(module) {
            let circle = reached
                .iter()
                .filter(|other| reaches(other, &imports).contains(module));
            found.insert(circle.map(|other| other.join("::")).collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

/// What is wrong: circles that are not known, and known ones that are gone.
pub fn check(sources: &[Source], known: &[(&[&str], &str)]) -> Vec<String> {
    let found = find(sources);
    let is_known = |circle: &[String]| {
        known
            .iter()
            .any(|(names, _)| circle.iter().all(|module| names.contains(&module.as_str())))
    };
    let new = found.iter().filter(|circle| !is_known(circle));
    let mut complaints: Vec<String> = new
        .map(|circle| format!("{} import each other", circle.join(", ")))
        .collect();
    for (names, _) in known {
        let is_there = found
            .iter()
            .any(|circle| circle.iter().all(|module| names.contains(&module.as_str())));
        if !is_there {
            complaints.push(format!("{} are no circle any more", names.join(", ")));
        }
    }
    complaints
}

/// The names that a module takes from those below it, and where they come from.
fn exports(sources: &[Source], modules: &BTreeSet<Path>) -> BTreeMap<Path, Path> {
    let mut exports = BTreeMap::new();
    for source in sources {
        let module = source.module();
        for path in source.paths().into_iter().filter(|path| !path.in_tests) {
            let Some(target) = from_root(&module, &path.segments, modules) else {
                continue;
            };
            let is_below = target.len() > module.len() + 1 && target.starts_with(&module);
            if let Some(name) = target.last().filter(|_| is_below) {
                let exported = [module.as_slice(), std::slice::from_ref(name)].concat();
                exports.entry(exported).or_insert_with(|| target.clone());
            }
        }
    }
    exports
}

/// The files of the same module at the top that a file imports, without those around it.
fn imports(
    source: &Source,
    modules: &BTreeSet<Path>,
    exports: &BTreeMap<Path, Path>,
) -> BTreeSet<Path> {
    let module = source.module();
    let paths = source.paths().into_iter().filter(|path| !path.in_tests);
    let targets = paths.filter_map(|path| from_root(&module, &path.segments, modules));
    let files = targets.filter_map(|mut target| {
        for _ in 0..modules.len() {
            let is_export = |end: &usize| {
                exports.contains_key(&target[..*end]) && !modules.contains(&target[..*end])
            };
            let Some(end) = (1..=target.len()).find(is_export) else {
                break;
            };
            target = [exports[&target[..end]].as_slice(), &target[end..]].concat();
        }
        let is_file = |end: &usize| modules.contains(&target[..*end]);
        let end = (1..=target.len()).rev().find(is_file)?;
        Some(target[..end].to_vec())
    });
    files
        .filter(|file| file.first() == module.first() && !module.starts_with(file))
        .collect()
}

/// A path from the crate's root, if it is the crate's own.
fn from_root(module: &[String], segments: &[String], modules: &BTreeSet<Path>) -> Option<Path> {
    let (first, rest) = segments.split_first()?;
    if first == "crate" {
        return Some(rest.to_vec());
    }
    let child = [module, std::slice::from_ref(first)].concat();
    modules
        .contains(&child)
        .then(|| [module, segments].concat())
}

/// All that a module imports, by way of others too.
fn reaches(module: &Path, imports: &BTreeMap<Path, BTreeSet<Path>>) -> BTreeSet<Path> {
    let mut reached = BTreeSet::new();
    let mut next = vec![module];
    while let Some(module) = next.pop() {
        for import in imports.get(module).into_iter().flatten() {
            if reached.insert(import.clone()) {
                next.push(import);
            }
        }
    }
    reached
}
