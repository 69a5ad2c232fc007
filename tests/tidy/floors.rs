//! The floors: which module may import which, and where what comes from outside may be used.

use super::source::{NamePath, Source};

/// A module at the top, its floor, and all that it may import of the crate. Imports go down, so there is no circle.
pub struct Module {
    pub name: &'static str,
    pub floor: u8,
    pub imports: &'static [&'static str],
}

const fn module(name: &'static str, floor: u8, imports: &'static [&'static str]) -> Module {
    Module {
        name,
        floor,
        imports,
    }
}

/// Every module. What a row leaves out is as much a rule as what it holds: `server` doesn't know `tmux` or `control`,
/// `hub` knows nothing of tokens, `wire` nothing of tmux, and `client` nothing of the bridge.
pub const MODULES: &[Module] = &[
    module("ids", 0, &[]),
    module("glob", 0, &[]),
    module("nearest", 0, &[]),
    module("network", 0, &[]),
    module("printable", 0, &[]),
    module("without_strings", 0, &[]),
    module("emulator", 0, &[]),
    module("site", 0, &[]),
    module("file_watch", 0, &[]),
    module("background", 0, &[]),
    module("private_file", 0, &[]),
    module("demo", 0, &[]),
    module("process_stat", 0, &[]),
    module("machine_stat", 0, &[]),
    module("control", 1, &["ids"]),
    module("redact", 1, &[]),
    module("agent", 1, &[]),
    module("shim", 1, &[]),
    module("usage", 1, &[]),
    module("export", 1, &["printable", "emulator"]),
    module("resources", 1, &["process_stat", "machine_stat"]),
    module(
        "model",
        2,
        &["ids", "agent", "control", "usage", "resources"],
    ),
    module("screen", 2, &["ids", "control", "redact"]),
    module("hub", 3, &["ids", "glob", "redact", "model"]),
    module(
        "auth",
        3,
        &["glob", "printable", "file_watch", "private_file"],
    ),
    module("audit", 3, &["ids"]),
    module("tls", 3, &["file_watch", "private_file"]),
    module(
        "tmux",
        4,
        &[
            "ids",
            "control",
            "demo",
            "file_watch",
            "background",
            "process_stat",
        ],
    ),
    module("digest", 3, &["ids", "usage", "model"]),
    module("metering", 3, &["ids", "usage", "model"]),
    module(
        "wire",
        4,
        &[
            "ids",
            "nearest",
            "metering",
            "usage",
            "resources",
            "model",
            "screen",
            "hub",
        ],
    ),
    module(
        "config",
        5,
        &[
            "nearest", "network", "site", "glob", "tls", "redact", "auth", "tmux",
        ],
    ),
    module(
        "history",
        5,
        &[
            "ids",
            "glob",
            "background",
            "private_file",
            "emulator",
            "redact",
            "model",
            "screen",
            "hub",
            "wire",
        ],
    ),
    module("recording", 5, &["ids", "control", "tmux"]),
    module("client", 5, &["ids", "nearest", "printable", "tls", "wire"]),
    module(
        "top",
        6,
        &[
            "ids",
            "nearest",
            "printable",
            "without_strings",
            "emulator",
            "export",
            "wire",
            "client",
        ],
    ),
    module("metrics", 5, &["hub", "wire"]),
    module("logging", 6, &["printable", "config"]),
    module(
        "push",
        5,
        &[
            "ids",
            "glob",
            "printable",
            "file_watch",
            "private_file",
            "model",
            "hub",
            "auth",
        ],
    ),
    module("alert", 6, &["ids", "glob", "nearest", "model", "config"]),
    module(
        "bridge",
        6,
        &[
            "ids",
            "background",
            "control",
            "redact",
            "agent",
            "model",
            "screen",
            "hub",
            "auth",
            "tmux",
            "recording",
        ],
    ),
    module(
        "cli",
        7,
        &[
            "glob",
            "nearest",
            "printable",
            "audit",
            "auth",
            "tls",
            "config",
            "client",
            "top",
        ],
    ),
    module(
        "server",
        7,
        &[
            "ids",
            "glob",
            "nearest",
            "network",
            "site",
            "model",
            "screen",
            "hub",
            "auth",
            "audit",
            "tls",
            "wire",
            "digest",
            "metering",
            "history",
            "metrics",
            "private_file",
            "push",
            "bridge",
        ],
    ),
    module(
        "connectors",
        7,
        &[
            "ids",
            "glob",
            "alert",
            "tls",
            "tmux",
            "wire",
            "history",
            "screen",
            "file_watch",
            "private_file",
            "process_stat",
            "background",
            "agent",
            "usage",
            "resources",
            "model",
            "hub",
            "auth",
            "metrics",
            "push",
            "bridge",
        ],
    ),
    module(
        "cmd",
        8,
        &[
            "demo",
            "ids",
            "alert",
            "glob",
            "nearest",
            "printable",
            "file_watch",
            "process_stat",
            "agent",
            "redact",
            "agent",
            "model",
            "hub",
            "auth",
            "audit",
            "tls",
            "tmux",
            "wire",
            "config",
            "recording",
            "export",
            "history",
            "client",
            "metrics",
            "push",
            "logging",
            "bridge",
            "cli",
            "shim",
            "server",
            "connectors",
            "top",
            "without_strings",
        ],
    ),
    module("main", 9, &["cli", "cmd"]),
    module("lib", 9, &[]),
];

/// Names from outside that only some modules may use, apart from their tests.
pub struct Outside {
    pub names: &'static [&'static str],
    pub only_in: &'static [&'static str],
    pub why: &'static str,
}

/// Where what comes from outside may be used.
pub const OUTSIDE: &[Outside] = &[
    Outside {
        names: &["tokio", "tokio_util", "futures_util"],
        only_in: &[
            "background",
            "file_watch",
            "hub",
            "auth",
            "audit::log",
            "tls",
            "tmux",
            "bridge::alarm",
            "bridge::demand",
            "bridge::finder",
            "bridge::live",
            "bridge::printing",
            "bridge::replay",
            "bridge::composing",
            "bridge::explaining",
            "bridge::request",
            "bridge::publication",
            "bridge::publisher",
            "bridge::inputs",
            "bridge::screens",
            "bridge::sizes",
            "bridge::views",
            "recording",
            "push::desk",
            "server",
            "connectors",
            "client",
            "history::keeper",
            "history::reader",
            "history::recorder",
            "history::settings",
            "cmd",
            "main",
        ],
        why: "the protocol, the model and all that decides are free of IO and of tasks",
    },
    Outside {
        names: &["serde", "serde_json"],
        only_in: &[
            "agent::message",
            "agent::rules::form",
            "agent::statement",
            "agent::status",
            "control::unattached",
            "history::chunk",
            "history::form",
            "hub::published",
            "ids",
            "model",
            "resources",
            "usage",
            "alert::form",
            "demo::cast",
            "export::cast",
            "wire",
            "config",
            "auth::file",
            "audit::line",
            "audit::chain",
            "auth::jwt",
            "push::form",
            "push::record",
            "recording",
            "top::config",
            "client::summary",
            "cmd",
        ],
        why: "the types of the wire and of files are apart from those of the program",
    },
    Outside {
        names: &["toml", "serde_saphyr"],
        only_in: &[
            "agent::rules",
            "alert::form",
            "alert::load",
            "config",
            "top::config",
            "usage::prices",
        ],
        why: "only settings and rules are files that people write",
    },
    Outside {
        names: &["jsonc_parser"],
        only_in: &["cmd::hooks"],
        why: "only the settings of agents are files that others write and muxwire changes",
    },
    Outside {
        names: &["notify"],
        only_in: &["file_watch"],
        why: "files are watched in one way",
    },
    Outside {
        names: &["anyhow"],
        only_in: &["cmd", "main"],
        why: "each module says what can be wrong with a type of its own",
    },
    Outside {
        names: &["nom"],
        only_in: &["control"],
        why: "only control mode is parsed",
    },
    Outside {
        names: &["memchr"],
        only_in: &[
            "agent::scan",
            "control",
            "export",
            "history::strings",
            "history::terminal",
            "screen",
            "shim",
            "usage::transcript",
            "without_strings",
        ],
        why: "only what tmux, its panes and programs say is searched for bytes",
    },
    Outside {
        names: &["regex_automata", "regex_syntax"],
        only_in: &["redact"],
        why: "only what is secret is given as regular expressions",
    },
    Outside {
        names: &["regex"],
        only_in: &["agent", "history::search"],
        why: "only the rules for agents, and what is searched for, are given in this way",
    },
    Outside {
        names: &["avt"],
        only_in: &["agent::display"],
        why: "the emulator stays behind one seam",
    },
    Outside {
        names: &["alacritty_terminal"],
        only_in: &[
            "emulator",
            "export",
            "history::terminal",
            "history::styled",
            "top::screen",
        ],
        why: "what panes print reaches the emulator only where its strings were cut before",
    },
    Outside {
        names: &["rusqlite", "postcard", "zstd"],
        only_in: &["history"],
        why: "nothing else reads or writes the files of the history",
    },
    Outside {
        names: &["ratatui"],
        only_in: &["top", "cmd::top"],
        why: "only the monitor draws",
    },
    Outside {
        names: &["crossterm"],
        only_in: &["cmd::top"],
        why: "only the monitor takes the terminal",
    },
    Outside {
        names: &["clap"],
        only_in: &["cli", "main"],
        why: "nothing else sees the command line",
    },
    Outside {
        names: &["axum", "hyper", "hyper_util"],
        only_in: &[
            "server",
            "alert::load_sinks",
            "alert::sink",
            "push::endpoint",
            "connectors::http",
            "connectors::alerts",
            "connectors::push",
            "client::http",
        ],
        why: "only the server, what alerts and push messages are sent to and a client of the server speak HTTP",
    },
    Outside {
        names: &["tokio_tungstenite"],
        only_in: &["server", "client"],
        why: "WebSocket stays behind two seams",
    },
    Outside {
        names: &["rustls", "rustls_native_certs", "rcgen"],
        only_in: &["tls"],
        why: "what TLS may be is said in one place",
    },
    Outside {
        names: &["tokio_rustls"],
        only_in: &[
            "tls",
            "server::listen",
            "client",
            "cmd::browser",
            "cmd::remote",
            "connectors::http",
        ],
        why: "what TLS may be is said in one place",
    },
    Outside {
        names: &["jsonschema"],
        only_in: &["wire"],
        why: "messages are checked in one place",
    },
    Outside {
        names: &["tokio::process", "std::process::Command"],
        only_in: &["tmux", "shim"],
        why: "the only places that start processes: tmux, and the program that a shim is for",
    },
    Outside {
        names: &["nix"],
        only_in: &["shim"],
        why: "rustix has all but the masks of signals",
    },
    Outside {
        names: &["Instant::now", "SystemTime::now", "Timestamp::now"],
        only_in: &[
            "auth",
            "audit::log",
            "audit::queue",
            "tmux",
            "bridge::clock",
            "bridge::finder",
            "bridge::live",
            "bridge::replay",
            "recording",
            "server::clock",
            "client",
            "connectors::agents::driver",
            "connectors::alerts",
            "connectors::push",
            "connectors::resources",
            "history::keeper",
            "history::reader",
            "history::retention",
            "cmd",
        ],
        why: "time is a parameter of all that decides",
    },
    Outside {
        names: &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
        ],
        only_in: &[
            "file_watch",
            "background",
            "private_file",
            "process_stat",
            "machine_stat",
            "network",
            "shim",
            "auth",
            "audit",
            "site",
            "tls",
            "tmux",
            "config",
            "cli",
            "recording",
            "server",
            "client",
            "history::recorder",
            "history::reader",
            "history::store",
            "connectors::agents::hooks",
            "connectors::agents::processes",
            "connectors::agents::registries",
            "connectors::agents::rules",
            "connectors::agents::sessions",
            "connectors::agents::transcripts",
            "connectors::alerts::files",
            "connectors::alerts::secret",
            "push::store",
            "push::endpoint",
            "push::desk",
            "cmd",
            "main",
        ],
        why: "the floors below tmux, and all that decides, do no IO",
    },
    Outside {
        names: &["io::stdout", "io::stdin"],
        only_in: &["cmd", "shim"],
        why: "only commands print",
    },
    Outside {
        names: &["io::stderr"],
        only_in: &["cmd", "logging", "shim"],
        why: "only commands print; logs go to stderr",
    },
];

/// What breaks the table in one file.
pub fn check(source: &Source) -> Vec<String> {
    let paths = source.paths();
    let mut complaints = imports(source, &paths);
    complaints.extend(outside(source, &paths));
    complaints
}

fn imports(source: &Source, paths: &[NamePath]) -> Vec<String> {
    let own = source.top();
    let Some(module) = MODULES.iter().find(|module| module.name == own) else {
        return vec![format!(
            "{}: the module {own} is not in the table of floors (tests/tidy/floors.rs)",
            source.path
        )];
    };
    let mut complaints = Vec::new();
    for path in paths {
        let [root, other, ..] = path.segments.as_slice() else {
            continue;
        };
        let is_module = MODULES.iter().any(|module| module.name == other);
        let is_own_crate = root == "crate" || root == "muxwire";
        if is_own_crate && is_module && *other != own && !module.imports.contains(&other.as_str()) {
            complaints.push(format!(
                "{}:{}: {own} must not import {other}",
                source.path, path.line
            ));
        }
    }
    complaints
}

fn outside(source: &Source, paths: &[NamePath]) -> Vec<String> {
    let module = match source.module() {
        module if module.is_empty() => source.top(),
        module => module.join("::"),
    };
    let within =
        |allowed: &&str| module == **allowed || module.starts_with(&format!("{allowed}::"));
    let mut complaints = Vec::new();
    for path in paths.iter().filter(|path| !path.in_tests) {
        for rule in OUTSIDE
            .iter()
            .filter(|rule| !rule.only_in.iter().any(within))
        {
            if let Some(name) = rule.names.iter().find(|name| holds(path, name)) {
                complaints.push(format!(
                    "{}:{}: {module} must not use {name}: {}",
                    source.path, path.line, rule.why
                ));
            }
        }
    }
    complaints
}

/// Whether a name, which may be several segments, is in a path. One of a single segment must begin it.
fn holds(path: &NamePath, name: &str) -> bool {
    let wanted: Vec<&str> = name.split("::").collect();
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    if wanted.len() == 1 {
        return segments.first() == wanted.first();
    }
    segments
        .windows(wanted.len())
        .any(|window| window == wanted)
}

/// What is wrong with the table itself: an import that does not go down, or one of a module that isn't there.
pub fn check_table(modules: &[Module]) -> Vec<String> {
    let mut complaints = Vec::new();
    for module in modules {
        for import in module.imports {
            let floor = modules
                .iter()
                .find(|other| other.name == *import)
                .map(|other| other.floor);
            if floor.is_none_or(|floor| floor >= module.floor) {
                complaints.push(format!(
                    "{} must not import {import}: it is not on a lower floor",
                    module.name
                ));
            }
        }
    }
    complaints
}
