//! Settings: which layer holds, what is refused and with which words, and that the documentation is true.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use muxwire::config::{
    self, Environment, Flag, Inputs, LogFormat, Resolved, Source, listening, resolve,
};
use muxwire::tmux::SocketChoice;

use crate::support::program::{Home, Run};

/// The surroundings of a test: a home, these variables, and a folder for the system's files.
fn inputs(
    home: &Home,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Inputs {
    let own = [("HOME", home.path().to_str().unwrap())];
    let text = |text: &str| OsString::from(text);
    let all = own
        .iter()
        .chain(variables)
        .map(|(name, value)| (text(name), text(value)));
    let flag = |(flag, setting, value): &(&'static str, &'static str, &str)| Flag {
        flag,
        setting,
        value: (*value).to_owned(),
    };
    Inputs {
        flags: flags.iter().map(flag).collect(),
        file: None,
        environment: Environment::new(all, "build-3", home.path().join("etc")),
    }
}

fn source_of(resolved: &Resolved, name: &str) -> Source {
    resolved
        .settings
        .iter()
        .find(|setting| setting.name == name)
        .unwrap()
        .source
        .clone()
}

#[test]
fn the_defaults_are_as_documented() {
    let home = Home::new();
    let resolved = resolve(&inputs(&home, &[], &[])).unwrap();
    let config = &resolved.config;
    assert_eq!(
        listening(config).map(|listening| listening.address),
        Ok(SocketAddr::from(([127, 0, 0, 1], 8765)))
    );
    assert_eq!(config.server.host_name, "build-3");
    assert_eq!(config.server.tmux, Path::new("tmux"));
    assert_eq!(config.server.tmux_socket, SocketChoice::Default);
    assert_eq!(config.server.state_dir, home.state_dir());
    assert_eq!(config.server.shutdown_timeout, Duration::from_secs(5));
    assert!(config.security.require_auth && config.monitoring.metrics);
    assert_eq!(config.monitoring.log_format, LogFormat::Text);
    assert_eq!(
        config.monitoring.reconcile_interval,
        Duration::from_secs(30)
    );
    assert_eq!(resolved.settings.len(), config::rows().len());
    assert!(
        resolved
            .settings
            .iter()
            .all(|setting| setting.source == Source::Default)
    );
}

/// The same setting in more and more layers.
#[test]
fn a_flag_beats_a_variable_beats_a_file_beats_the_default() {
    let home = Home::new();
    let variables: &[(&str, &str)] = &[("MUXWIRE_SERVER_PORT", "3")];
    let flags: &[(&str, &str, &str)] = &[("--listen", "server.port", "4")];
    let port = |variables, flags| {
        let resolved = resolve(&inputs(&home, variables, flags)).unwrap();
        (
            resolved.config.server.port,
            source_of(&resolved, "server.port"),
        )
    };
    assert_eq!(port(&[], &[]), (8765, Source::Default));
    let path = home.write("etc/config.toml", "[server]\nport = 1\n");
    assert_eq!(port(&[], &[]), (1, Source::File(path, 2)));
    let path = home.write(".config/muxwire/config.yaml", "server:\n  port: 2\n");
    assert_eq!(port(&[], &[]), (2, Source::File(path, 2)));
    assert_eq!(
        port(variables, &[]),
        (3, Source::Variable("MUXWIRE_SERVER_PORT".to_owned()))
    );
    assert_eq!(port(variables, flags), (4, Source::Flag("--listen")));
}

#[test]
fn a_file_is_found_where_it_is_said_to_be() {
    let home = Home::new();
    let named = home.write("named.yml", "server:\n  port: 1\n");
    let by_variable = home.write("variable.toml", "server.port = 2\n");
    home.write("xdg/muxwire/config.yml", "server: {port: 3}\n");
    home.write(".config/muxwire/config.toml", "server.port = 4\n");
    let xdg = home.path().join("xdg");
    let port = |variables: &[(&str, &str)], file| {
        let inputs = Inputs {
            file,
            ..inputs(&home, variables, &[])
        };
        resolve(&inputs).unwrap().config.server.port
    };
    let variable = ("MUXWIRE_CONFIG", by_variable.to_str().unwrap());
    let xdg = ("XDG_CONFIG_HOME", xdg.to_str().unwrap());
    assert_eq!(port(&[variable, xdg], Some(named)), 1);
    assert_eq!(port(&[variable, xdg], None), 2);
    assert_eq!(port(&[xdg], None), 3);
    assert_eq!(port(&[("XDG_CONFIG_HOME", "relative/is/ignored")], None), 4);
}

#[test]
fn values_of_every_kind_are_read_from_every_layer() {
    let home = Home::new();
    let toml = "\
        server = { host = '::1', max_connections = 5, tmux_socket = '/run/t', state_dir = '~/s' }\n\
        security.require_auth = false\n\
        performance = { history_bytes = '16MiB', history_age = '2d', queue_bytes = 131072 }\n\
        monitoring = { log_level = 'info,muxwire::tmux=debug', log_format = 'json' }\n";
    home.write("etc/config.toml", toml);
    let config = resolve(&inputs(&home, &[], &[])).unwrap().config;
    assert_eq!(config.server.host, "::1".parse::<IpAddr>().unwrap());
    assert_eq!(config.server.max_connections, 5);
    assert_eq!(
        config.server.tmux_socket,
        SocketChoice::Path("/run/t".into())
    );
    assert_eq!(config.server.state_dir, home.path().join("s"));
    assert!(!config.security.require_auth);
    assert_eq!(config.performance.history_bytes, 16 << 20);
    assert_eq!(
        config.performance.history_age,
        Duration::from_secs(2 * 86_400)
    );
    assert_eq!(config.performance.queue_bytes, 131_072);
    assert_eq!(config.monitoring.log_format, LogFormat::Json);

    let variables = [
        ("MUXWIRE_SERVER_HOST", "localhost"),
        ("MUXWIRE_SERVER_MAX_CONNECTIONS", "6"),
        ("MUXWIRE_SERVER_TMUX_SOCKET", "work"),
        ("MUXWIRE_SERVER_HOST_NAME", "rack-1.example"),
        ("MUXWIRE_SERVER_STATE_DIR", "$XDG_STATE_HOME/elsewhere"),
        ("XDG_STATE_HOME", "/var/state"),
        ("MUXWIRE_SECURITY_REQUIRE_AUTH", "true"),
        ("MUXWIRE_PERFORMANCE_QUEUE_BYTES", "1MiB"),
        ("MUXWIRE_MONITORING_LOG_FORMAT", "text"),
    ];
    let config = resolve(&inputs(&home, &variables, &[])).unwrap().config;
    assert_eq!(config.server.host, IpAddr::from([127, 0, 0, 1]));
    assert_eq!(config.server.max_connections, 6);
    assert_eq!(
        config.server.tmux_socket,
        SocketChoice::Name("work".to_owned())
    );
    assert_eq!(config.server.host_name, "rack-1.example");
    assert_eq!(config.server.state_dir, Path::new("/var/state/elsewhere"));
    assert!(config.security.require_auth);
    assert_eq!(config.performance.queue_bytes, 1 << 20);
    assert_eq!(config.monitoring.log_format, LogFormat::Text);
}

/// A file's text, and the one line that it gives behind the file's name.
#[test]
fn each_mistake_in_a_file_is_named_with_its_place() {
    let rows = [
        (
            "[server]\nprot = 1",
            ":2: there is no setting server.prot; the nearest is server.port",
        ),
        (
            "[sever]\nport = 1",
            ":2: there is no setting sever.port; the nearest is server.port",
        ),
        (
            "port = 1",
            ":1: there is no setting port; the nearest is server.port",
        ),
        (
            "server.port = 70000",
            ":1: server.port is 70000, but it must be a whole number from 0 to 65535",
        ),
        (
            "server.port = -1",
            ":1: server.port is -1, but it must be a whole number from 0 to 65535",
        ),
        (
            "server.port = '1'",
            ":1: server.port is \"1\", but it must be a whole number from 0 to 65535",
        ),
        (
            "server.port = 1.5",
            ":1: server.port is a fraction, but it must be a whole number from 0 to 65535",
        ),
        (
            "server.host = 'example.org'",
            ":1: server.host is \"example.org\", but it must be an IP address, or localhost",
        ),
        (
            "server.host = ['::1']",
            ":1: server.host is [\"::1\"], but it must be an IP address, or localhost",
        ),
        (
            "security.allowed_origins = [1]",
            ":1: security.allowed_origins is a list of other things than texts, but it must be a list, each item an origin such as https://box.example",
        ),
        (
            "security.allowed_origins = ['https://box.example/']",
            ":1: security.allowed_origins is [\"https://box.example/\"], but of \"https://box.example/\": it is no origin: a scheme and a host with nothing behind them, such as https://box.example or http://box.example:3000",
        ),
        (
            "security.allowed_hosts = ['*.example']",
            ":1: security.allowed_hosts is [\"*.example\"], but of \"*.example\": it is no host: a name (in letters of ASCII) or an address, such as box.example, [::1] or 10.0.0.7:8765",
        ),
        (
            "server.max_connections = 0",
            ":1: server.max_connections is 0, but it must be a whole number from 1 to 100000",
        ),
        (
            "security.require_auth = 'no'",
            ":1: security.require_auth is \"no\", but it must be true or false",
        ),
        (
            "performance.debounce = 20",
            ":1: performance.debounce is 20, but it must be a time from 0s to 1s",
        ),
        (
            "performance.debounce = '2s'",
            ":1: performance.debounce is \"2s\", but it must be a time from 0s to 1s",
        ),
        (
            "performance.queue_bytes = '1'",
            ":1: performance.queue_bytes is \"1\", but it must be a size from 64KiB to 4GiB",
        ),
        (
            "monitoring.log_format = 'xml'",
            ":1: monitoring.log_format is \"xml\", but it must be text or json",
        ),
        (
            "monitoring.log_level = 'loud'",
            ":1: monitoring.log_level is \"loud\", but it must be error, warn, info, debug, trace or off, or directives such as info,muxwire::tmux=debug",
        ),
        (
            "server.tmux_socket = 'a/b'",
            ":1: server.tmux_socket is \"a/b\", but a path must be absolute",
        ),
        (
            "server.state_dir = 'state'",
            ":1: server.state_dir is \"state\", but it must be an absolute path, which may begin with ~/ or $XDG_STATE_HOME/",
        ),
        ("[server\nport = 1", ":1: unclosed table, expected `]`"),
        ("server.port = 1\nserver.port = 2", ":2: duplicate key"),
    ];
    for (text, expected) in rows {
        let home = Home::new();
        let path = home.write("etc/config.toml", text);
        let error = resolve(&inputs(&home, &[], &[])).unwrap_err().to_string();
        assert_eq!(error, format!("{}{expected}", path.display()), "{text:?}");
    }
}

/// The configuration of the specification before muxwire, as it stands there.
const FORMER: &str = "\
server: {host: 0.0.0.0, port: 8765, max_connections: 100}
security: {require_auth: true, tls_enabled: false, tls_cert: null, tls_key: null}
performance: {poll_interval_ms: 500, event_batch_size: 10, event_batch_timeout_ms: 50, max_event_queue_size: 10000}
monitoring: {log_level: INFO, metrics_enabled: true, metrics_port: 9090}
";

#[test]
fn regression_the_former_configuration_is_read_as_it_stands() {
    let home = Home::new();
    let path = home.write("etc/config.yaml", FORMER);
    let Resolved { config, notes, .. } = resolve(&inputs(&home, &[], &[])).unwrap();
    assert_eq!(config.server.host, IpAddr::from([0, 0, 0, 0]));
    assert_eq!(config.server.max_connections, 100);
    assert_eq!(config.tls.certificate, None);
    assert_eq!(config.performance.queue_events, 10_000);
    assert_eq!(config.monitoring.log_level, "info");
    assert!(config.monitoring.metrics);
    assert_eq!(config.monitoring.metrics_port, 9090);
    let expected = [
        (
            "3: performance.poll_interval_ms has no meaning here: ",
            "nothing is polled",
        ),
        (
            "3: performance.event_batch_size has no meaning here: ",
            "sent at once",
        ),
        (
            "3: performance.event_batch_timeout_ms has no meaning here: ",
            "sent at once",
        ),
        (
            "3: performance.max_event_queue_size is called performance.queue_events now",
            "",
        ),
        (
            "4: monitoring.metrics_enabled is called monitoring.metrics now",
            "",
        ),
    ];
    assert_eq!(notes.len(), expected.len(), "{notes:#?}");
    for (note, (begin, part)) in notes.iter().zip(expected) {
        let begin = format!("{}:{begin}", path.display());
        assert!(note.starts_with(&begin) && note.contains(part), "{note}");
    }
}

#[test]
fn regression_a_key_without_a_value_sets_nothing() {
    let home = Home::new();
    home.write(
        "etc/config.yaml",
        "server:\nperformance: null\nmonitoring: {metrics_port: null, log_level: debug}\n",
    );
    let config = resolve(&inputs(&home, &[], &[])).unwrap().config;
    assert_eq!(config.monitoring.metrics_port, 0);
    assert_eq!(config.monitoring.log_level, "debug");
}

#[test]
fn regression_former_settings_mean_what_they_meant() {
    type Row = (
        &'static str,
        Result<(Option<&'static str>, Option<&'static str>), &'static str>,
    );
    let rows: [Row; 7] = [
        (
            "security: {tls_enabled: true, tls_cert: /c.pem, tls_key: /k.pem}",
            Ok((Some("/c.pem"), Some("/k.pem"))),
        ),
        (
            "security: {tls_cert: /c.pem, tls_key: /k.pem}",
            Ok((Some("/c.pem"), Some("/k.pem"))),
        ),
        (
            "security: {tls_enabled: false, tls_cert: /c.pem, tls_key: /k.pem}",
            Ok((None, None)),
        ),
        (
            "tls: {certificate: /new.pem}\nsecurity: {tls_cert: /c.pem, tls_key: /k.pem}",
            Ok((Some("/new.pem"), Some("/k.pem"))),
        ),
        (
            "security: {tls_enabled: true}",
            Err(
                ":1: security.tls_enabled is true, but security.tls_cert and security.tls_key, now tls.certificate and tls.key, name no files",
            ),
        ),
        (
            "security: {tls_enabled: 1}",
            Err(":1: security.tls_enabled is 1, but it must be true or false"),
        ),
        (
            "monitoring: {metrics_enabled: maybe}",
            Err(":1: monitoring.metrics is \"maybe\", but it must be true or false"),
        ),
    ];
    for (text, expected) in rows {
        let home = Home::new();
        let path = home.write("etc/config.yaml", text);
        let found = resolve(&inputs(&home, &[], &[]));
        match expected {
            Ok((certificate, key)) => {
                let tls = found.unwrap().config.tls;
                assert_eq!(
                    tls.certificate.as_deref(),
                    certificate.map(Path::new),
                    "{text}"
                );
                assert_eq!(tls.key.as_deref(), key.map(Path::new), "{text}");
            }
            Err(expected) => {
                let expected = format!("{}{expected}", path.display());
                assert_eq!(found.unwrap_err().to_string(), expected, "{text}");
            }
        }
    }
    for (given, level) in [
        ("INFO", "info"),
        ("Warning", "warn"),
        ("CRITICAL", "error"),
        ("off", "off"),
    ] {
        let variables = [("MUXWIRE_MONITORING_LOG_LEVEL", given)];
        let config = resolve(&inputs(&Home::new(), &variables, &[]))
            .unwrap()
            .config;
        assert_eq!(config.monitoring.log_level, level);
    }
}

#[test]
fn each_mistake_outside_a_file_is_named_with_its_source() {
    let home = Home::new();
    let error = |variables: &[_], flags: &[_]| {
        resolve(&inputs(&home, variables, flags))
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&[("MUXWIRE_SERVER_PROT", "1")], &[]),
        "MUXWIRE_SERVER_PROT: there is no setting MUXWIRE_SERVER_PROT; the nearest is MUXWIRE_SERVER_PORT"
    );
    assert_eq!(
        error(&[("MUXWIRE_SERVER_PORT", "http")], &[]),
        "MUXWIRE_SERVER_PORT: server.port is \"http\", but it must be a whole number from 0 to 65535"
    );
    assert_eq!(
        error(&[], &[("--log-format", "monitoring.log_format", "xml")]),
        "--log-format: monitoring.log_format is \"xml\", but it must be text or json"
    );
    let nobody = Inputs {
        environment: Environment::new([], "build-3", "/nowhere"),
        ..Inputs::default()
    };
    let homeless = resolve(&nobody).unwrap_err().to_string();
    assert!(
        homeless.ends_with("set HOME to it, or give an absolute path"),
        "{homeless}"
    );
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let home = Home::new();
    home.write(
        "etc/config.yaml",
        "server:\n  port: x\n  prot: 1\nmonitoring:\n  metrics: 3\n",
    );
    let error = resolve(&inputs(&home, &[("MUXWIRE_X", "")], &[])).unwrap_err();
    assert_eq!(error.0.len(), 4, "{error}");
}

#[test]
fn files_that_can_not_be_used_are_refused() {
    let home = Home::new();
    let missing = home.path().join("missing.toml");
    let rows = [
        (missing, "can't read "),
        (
            home.write("config.ini", ""),
            "Its name must end in .toml, .yaml or .yml",
        ),
        (
            home.path()
                .join("x.toml/config.toml")
                .parent()
                .unwrap()
                .to_owned(),
            "can't read ",
        ),
        (home.write("binary.toml", "\u{0}"), ":1: "),
    ];
    std::fs::create_dir(home.path().join("x.toml")).unwrap();
    for (path, expected) in rows {
        let inputs = Inputs {
            file: Some(path.clone()),
            ..inputs(&home, &[], &[])
        };
        let error = resolve(&inputs).unwrap_err().to_string();
        assert!(error.contains(expected), "{path:?}: {error}");
    }
    home.write("etc/config.toml", "");
    home.write("etc/config.yaml", "");
    let error = resolve(&inputs(&home, &[], &[])).unwrap_err().to_string();
    assert!(error.contains("keep one of them"), "{error}");
}

/// These have the prefix, but are read elsewhere.
#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let home = Home::new();
    let variables = [
        ("MUXWIRE_TOKEN", "mw_x"),
        ("MUXWIRE_LINK", "1"),
        ("MUXWIRE_URL", "ws://127.0.0.1:1/monitor"),
        ("MUXWIRE_TMUX_DIR", "/x"),
        ("MUXWIRE_CONFIG", ""),
    ];
    assert!(resolve(&inputs(&home, &variables, &[])).is_ok());
}

#[test]
fn the_command_shows_values_and_sources() {
    let home = Home::new();
    let path = home.write(
        ".config/muxwire/config.toml",
        "[monitoring]\nmetrics = false\n",
    );
    let mut command = home.muxwire([
        "config",
        "--json",
        "--listen",
        "[::1]:0",
        "-S",
        "sock",
        "--no-auth",
    ]);
    let run = Run::of(
        command
            .env("MUXWIRE_SERVER_HOST_NAME", "h")
            .current_dir(home.path()),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let flag = |name| serde_json::json!({ "kind": "flag", "name": name });
    let here = home.path().canonicalize().unwrap().join("sock");
    let json = |value: &str| serde_json::Value::from(value);
    let rows = [
        ("server.host", json("::1"), flag("--listen")),
        ("server.port", serde_json::json!(0), flag("--listen")),
        (
            "server.tmux_socket",
            json(here.to_str().unwrap()),
            flag("-S"),
        ),
        (
            "security.require_auth",
            serde_json::json!(false),
            flag("--no-auth"),
        ),
        (
            "server.host_name",
            json("h"),
            serde_json::json!({ "kind": "environment", "name": "MUXWIRE_SERVER_HOST_NAME" }),
        ),
        (
            "monitoring.metrics",
            serde_json::json!(false),
            serde_json::json!({ "kind": "file", "path": path, "line": 2 }),
        ),
        (
            "performance.debounce",
            json("20ms"),
            serde_json::json!({ "kind": "default" }),
        ),
    ];
    for (name, value, source) in rows {
        assert_eq!(
            found[name],
            serde_json::json!({ "value": value, "source": source }),
            "{name}"
        );
    }
    assert_eq!(found.as_object().unwrap().len(), config::rows().len());

    let text = home.run("config --log-level debug").stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("monitoring.log_level "))
        .unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["monitoring.log_level", "\"debug\"", "flag", "--log-level"]
    );
}

/// `docs/configuration.md` holds what the table of settings says. `UPDATE_DOCS=1` writes it there.
#[test]
fn the_documentation_is_the_table() {
    const BEGIN: &str = "<!-- settings: written from the table in src/config/table.rs -->\n";
    const END: &str = "<!-- end of settings -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (documented, after) = rest.split_once(END).unwrap();
    let table = config::reference() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert_eq!(
            documented, table,
            "run the tests with UPDATE_DOCS=1 to write the table there"
        );
    }
}
