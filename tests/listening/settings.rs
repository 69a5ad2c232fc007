//! Host, TLS, authentication and proxies together: what may be listened on.

use std::ffi::OsString;

use muxwire::config::{Environment, Flag, Inputs, ListenError, listening, resolve};

use crate::support::program::Home;

type Settings<'a> = &'a [(&'static str, &'a str)];

/// Whether these settings may be listened with, and if so, whom they believe; else the error's name.
fn decide(settings: Settings<'_>) -> String {
    let home = Home::new();
    let flag = |(setting, value): &(&'static str, &str)| Flag {
        flag: "--test",
        setting,
        value: (*value).to_owned(),
    };
    let variables = [("HOME", home.path().to_str().unwrap())];
    let inputs = Inputs {
        flags: settings.iter().map(flag).collect(),
        file: None,
        environment: Environment::new(
            variables.map(|(name, value)| (OsString::from(name), OsString::from(value))),
            "build-3",
            home.path().join("etc"),
        ),
    };
    let config = resolve(&inputs).unwrap().config;
    match listening(&config) {
        Ok(listening) => {
            let words = [
                Some("may"),
                listening.tls.map(|_| "TLS"),
                (!listening.proxies.is_empty()).then_some("believes"),
                listening.proxies_only.then_some("only proxies"),
            ];
            words.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Err(ListenError::OpenToAll(_)) => "open".to_owned(),
        Err(ListenError::PlainText(_)) => "plain".to_owned(),
        Err(ListenError::UnknownProxy(_)) => "unknown".to_owned(),
        Err(error @ (ListenError::HalfTls { .. } | ListenError::SamePort(_))) => error.to_string(),
    }
}

/// Every combination of host, TLS, authentication and proxy.
#[test]
fn beyond_loopback_needs_tls_and_authentication_or_a_proxy_that_has_them() {
    const LOCAL: [&str; 5] = [
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
    ];
    const REMOTE: [&str; 5] = [
        "0.0.0.0",
        "::",
        "192.168.1.5",
        "2001:db8::1",
        "::ffff:192.168.1.5",
    ];
    // TLS, authentication, a proxy that is of this machine, or one that isn't.
    let rows: [(bool, bool, &str, &str, &str); 12] = [
        (false, false, "", "may", "open"),
        (false, true, "", "may", "plain"),
        (true, false, "", "may, TLS", "open"),
        (true, true, "", "may, TLS", "may, TLS"),
        (false, false, "127.0.0.0/8,::1", "may, believes", "unknown"),
        (
            false,
            true,
            "127.0.0.0/8,::1",
            "may, believes",
            "may, believes",
        ),
        (
            true,
            false,
            "127.0.0.0/8,::1",
            "may, TLS, believes",
            "unknown",
        ),
        (
            true,
            true,
            "127.0.0.0/8,::1",
            "may, TLS, believes",
            "may, TLS, believes",
        ),
        (
            false,
            false,
            "10.0.0.7",
            "may, believes",
            "may, believes, only proxies",
        ),
        (false, true, "10.0.0.7", "may, believes", "may, believes"),
        (
            true,
            false,
            "10.0.0.7",
            "may, TLS, believes",
            "may, TLS, believes, only proxies",
        ),
        (
            true,
            true,
            "10.0.0.7",
            "may, TLS, believes",
            "may, TLS, believes",
        ),
    ];
    for (tls, auth, proxies, local, remote) in rows {
        for (hosts, expected) in [(LOCAL, local), (REMOTE, remote)] {
            for host in hosts {
                let auth = auth.to_string();
                let mut settings = vec![("server.host", host), ("security.require_auth", &auth)];
                if tls {
                    settings.push(("tls.certificate", "/c"));
                    settings.push(("tls.key", "/k"));
                }
                if !proxies.is_empty() {
                    settings.push(("server.behind_proxy", "true"));
                    settings.push(("server.trusted_proxies", proxies));
                }
                assert_eq!(decide(&settings), expected, "{settings:?}");
            }
        }
    }
}

#[test]
fn settings_that_are_not_whole_are_refused() {
    let rows: [(Settings<'_>, &str); 7] = [
        (
            &[("server.port", "9000"), ("monitoring.metrics_port", "9000")],
            "monitoring.metrics_port is 9000, which is server.port: choose another one, or 0, since 9000 has /metrics already",
        ),
        (
            &[("tls.certificate", "/c")],
            "tls.certificate is set but tls.key is not: TLS needs both",
        ),
        (
            &[("tls.key", "/k")],
            "tls.key is set but tls.certificate is not: TLS needs both",
        ),
        (
            &[("tls.client_ca", "/a")],
            "tls.client_ca is set but tls.certificate is not: TLS needs both",
        ),
        // Proxies are listed, but it was not said that there is one.
        (&[("server.trusted_proxies", "10.0.0.7")], "may"),
        (
            &[
                ("server.host", "0.0.0.0"),
                ("server.trusted_proxies", "10.0.0.7"),
            ],
            "plain",
        ),
        (
            &[
                ("server.host", "0.0.0.0"),
                ("security.require_auth", "false"),
                ("server.behind_proxy", "true"),
                ("server.trusted_proxies", ""),
            ],
            "unknown",
        ),
    ];
    for (settings, expected) in rows {
        assert_eq!(decide(settings), expected, "{settings:?}");
    }
}
