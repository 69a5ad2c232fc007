//! What must not be in any text of the repository, and whether what documents point to is there.

use std::path::{Path, PathBuf};

/// Where links out of the repository may lead. Whatever machine the project is built on has no place in it.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "[::1]",
    "localhost",
    "github.com",
    "docs.rs",
    "crates.io",
    "rustsec.org",
    "json-schema.org",
    "www.apache.org",
    "keepachangelog.com",
    "semver.org",
    "asciinema.org",
    "man7.org",
    "man.openbsd.org",
    "datatracker.ietf.org",
    "www.rfc-editor.org",
    "www.w3.org",
    // Names of it stand in npm's lock file.
    "opencollective.com",
    "HOST",
];

/// What is wrong with a text, whatever its kind.
pub fn check_text(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut complain = |what: String| complaints.push(format!("{path}:{number}: {what}"));
        for word in unfinished() {
            if has_word(line, &word) {
                complain(format!(
                    "{word}: finish it, or say in plain words what is missing"
                ));
            }
        }
        for folder in machine_folders() {
            if is_from_the_root(line, &folder) {
                complain(format!("{folder} is a path of one machine"));
            }
        }
        for host in hosts(line).filter(|host| !is_allowed(host)) {
            complain(format!(
                "{host} is no host to name (tests/tidy/prose.rs lists those)"
            ));
        }
    }
    complaints
}

/// Put together here, so that this file does not break its own rule.
fn unfinished() -> [String; 4] {
    ["TO_DO", "FIX_ME", "X_XX", "HA_CK"].map(|word| word.replace('_', ""))
}

fn machine_folders() -> [String; 3] {
    ["work", "root", "home/user"].map(|name| format!("/{name}/"))
}

/// Whether an absolute path begins with the folder, rather than some path holding it.
fn is_from_the_root(line: &str, folder: &str) -> bool {
    let inside = |before: char| before.is_alphanumeric() || "._-}".contains(before);
    line.match_indices(folder)
        .any(|(at, _)| !line[..at].ends_with(inside))
}

fn has_word(line: &str, word: &str) -> bool {
    let letters = |text: &str| text.chars().all(|letter| !letter.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().map(String::from);
        let after = line[at + word.len()..].chars().next().map(String::from);
        [before, after]
            .into_iter()
            .flatten()
            .all(|next| letters(&next))
    })
}

fn hosts(line: &str) -> impl Iterator<Item = &str> {
    let begins = line
        .match_indices("://")
        .map(|(at, mark)| (at, at + mark.len()));
    begins.filter_map(|(at, after)| {
        let web = ["http", "https", "ftp", "git"];
        if !web.iter().any(|scheme| line[..at].ends_with(scheme)) {
            return None;
        }
        let rest = &line[after..];
        let end = rest
            .find(|letter: char| !letter.is_alphanumeric() && !".-_[]:@".contains(letter))
            .unwrap_or(rest.len());
        Some(&rest[..end])
    })
}

fn is_allowed(host: &str) -> bool {
    let host = host.trim_end_matches(['.', ':']);
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    // The names that are reserved for examples, and a host that is put in later.
    let example = name.ends_with(".example") || name == "example.com" || !name.contains('.');
    HOSTS.contains(&name) || example
}

/// The links of a Markdown document that lead nowhere. `there` says what a file of the repository holds.
pub fn check_links(path: &str, text: &str, there: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
    let mut complaints = Vec::new();
    for (line, link) in links(text) {
        let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
        if file.contains("://") || file.starts_with("mailto:") {
            continue;
        }
        let target = if file.is_empty() {
            PathBuf::from(path)
        } else {
            normal(&folder.join(file))
        };
        match there(&target) {
            None => complaints.push(format!("{path}:{line}: {file} is not there")),
            Some(text) if !anchor.is_empty() && !anchors(&text).any(|name| name == anchor) => {
                complaints.push(format!("{path}:{line}: {link} names no heading"));
            }
            Some(_) => {}
        }
    }
    for (line, name) in file_names(text) {
        if there(&normal(Path::new(&name))).is_none() {
            complaints.push(format!("{path}:{line}: `{name}` is not there"));
        }
    }
    complaints
}

/// Lines outside of code blocks, with their numbers.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose_lines(text) {
        for (at, mark) in line.match_indices("](") {
            let rest = &line[at + mark.len()..];
            if let Some(end) = rest.find([')', ' ']) {
                found.push((number, rest[..end].to_owned()));
            }
        }
    }
    found
}

/// What stands in backticks and is a path from the repository's root.
fn file_names(text: &str) -> Vec<(usize, String)> {
    const FOLDERS: &[&str] = &[
        "src/",
        "tests/",
        "docs/",
        "grammar/",
        "fixtures/",
        "benches/",
        "fuzz/",
        ".ci/",
        "clients/",
    ];
    let mut found = Vec::new();
    for (number, line) in prose_lines(text) {
        for name in line.split('`').skip(1).step_by(2) {
            let is_path = FOLDERS.iter().any(|folder| name.starts_with(folder));
            let is_plain = name
                .chars()
                .all(|letter| letter.is_alphanumeric() || "/._-".contains(letter));
            if is_path && is_plain {
                found.push((number, name.trim_end_matches('/').to_owned()));
            }
        }
    }
    found
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = prose_lines(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter })
            .collect()
    })
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            std::path::Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
