//! The table of all settings. A row here is the one place where a setting is defined: the typed structs, the reading,
//! the errors, `muxwire config` and `docs/configuration.md` all come from it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::Permission;
use crate::config::kind::{
    Address, Boolean, Choice, Directory, HostName, Integer, Kind as _, LogFilter, Program, Size,
    Socket, Span,
};
use crate::config::list::{List, Parsed};
use crate::config::patterns::{Patterns, Roles};
use crate::config::place::File;
use crate::config::reading::Reading;
use crate::config::text::{BasePath, Contact, Text};
use crate::glob::NamePattern;
use crate::network::Network;
use crate::site::{Host, Origin};
use crate::tmux::SocketChoice;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When control clients are attached to tmux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attaching {
    /// As long as muxwire runs.
    Always,
    /// While somebody listens.
    OnDemand,
}

/// What is done with a server whose option `exit-unattached` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unattached {
    /// It is attached to as any other.
    Watch,
    /// It is left alone.
    Leave,
}

/// Which messages are compressed, for clients that offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compressing {
    /// Those to other machines.
    Auto,
    /// All.
    On,
    /// None.
    Off,
}

/// Who may give windows a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// Nobody.
    Never,
    /// The terminal that asked last.
    Client,
    /// All terminals together: the largest counts.
    Largest,
}

/// What becomes of secrets in the history on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredSecrets {
    /// They are masked before they are written.
    Mask,
    /// They are written, and masked for those who may not see them.
    Keep,
}

/// What the table says of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Section and key: `server.port`.
    pub name: &'static str,
    /// What its value must be.
    pub expected: String,
    /// Its value when no layer gives one.
    pub default: &'static str,
    /// What it is for.
    pub doc: String,
}

impl Row {
    /// The variable that sets it: `MUXWIRE_SERVER_PORT`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("MUXWIRE_{}", self.name.replace('.', "_").to_uppercase())
    }
}

const MIB: u64 = 1 << 20;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

macro_rules! settings {
    ($(
        $(#[doc = $section_doc:literal])*
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])*
                $key:ident: $type:ty = $kind:expr, $default:literal;
            )*
        }
    )*) => {
        $(
            $(#[doc = $section_doc])*
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Section {
                $(
                    $(#[doc = $doc])*
                    pub $key: $type,
                )*
            }
        )*

        /// All settings, resolved.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config {
            $(
                $(#[doc = $section_doc])*
                pub $section: $Section,
            )*
        }

        /// The sections, each with what it is for.
        pub(in crate::config) const SECTIONS: &[(&str, &str)] =
            &[$((stringify!($section), concat!($($section_doc),*))),*];

        /// What the table says of every setting, in its order.
        #[must_use]
        pub fn rows() -> Vec<Row> {
            vec![$($(
                Row {
                    name: concat!(stringify!($section), ".", stringify!($key)),
                    expected: $kind.expected(),
                    default: $default,
                    doc: concat!($($doc),*).trim().to_owned(),
                },
            )*)*]
        }

        /// Reads every setting. `None` when the reading met a problem, which it has then kept.
        pub(in crate::config) fn read(reading: &mut Reading<'_>) -> Option<Config> {
            $(
                let $section = {
                    $(let $key = reading.setting(
                        concat!(stringify!($section), ".", stringify!($key)), &$kind, $default,
                    );)*
                    (move || Some($Section { $($key: $key?),* }))()
                };
            )*
            Some(Config { $($section: $section?),* })
        }
    };
}

settings! {
    /// Where muxwire listens, and which tmux server it serves.
    server: Server {
        /// The address to listen on. One that other machines can reach needs TLS or a proxy that has it.
        host: IpAddr = Address, "127.0.0.1";
        /// The port to listen on. 0 takes a free one.
        port: u16 = Integer(0..=65_535u16), "8765";
        /// A Unix socket to listen on besides, for users of this machine. Empty means none.
        unix_socket: Option<PathBuf> = File, "";
        /// Whether a proxy in front does what is missing here of TLS and authentication.
        behind_proxy: bool = Boolean, "false";
        /// The proxies, by address or network, that are believed when they say where a client connects from, while
        /// `behind_proxy` is on.
        trusted_proxies: Vec<Network> = List(Parsed::<Network>::new(
            "an IP address or a network such as 10.0.0.0/8",
        )), "127.0.0.0/8,::1";
        /// The path below which all of it is found, where a proxy serves other programs beside it: `/muxwire` for
        /// `https://box.example/muxwire/`. Empty means the root.
        base_path: String = BasePath, "";
        /// A folder that pages load their files from, instead of those in the program: for work on the pages, whose folder it is
        /// (`clients/web/bundle`). Empty means those in the program.
        assets_dir: Option<PathBuf> = File, "";
        /// Connections at one time; more are refused.
        max_connections: u32 = Integer(1..=100_000u32), "1000";
        /// How long a client may take to authenticate.
        auth_timeout: Duration = Span(ms(100)..=s(300)), "5s";
        /// How often a quiet connection is pinged. Silence of two intervals closes it.
        ping_interval: Duration = Span(ms(100)..=s(3600)), "25s";
        /// Whether messages are compressed (`permessage-deflate`) for clients that offer it, as browsers do: `auto` for those on
        /// other machines, as far as it is known where a client is, `on` for all, `off` for none.
        compression: Compressing = Choice(&[
            ("auto", Compressing::Auto), ("on", Compressing::On), ("off", Compressing::Off),
        ]), "auto";
        /// How long a stop may take until it is forced.
        shutdown_timeout: Duration = Span(ms(100)..=s(300)), "5s";
        /// The name of this machine in events. Empty means the name that the system gives.
        host_name: String = HostName, "";
        /// The tmux program.
        tmux: PathBuf = Program, "tmux";
        /// The tmux server: a name as for `tmux -L`, or an absolute path as for `tmux -S`. Empty means the server that
        /// `tmux` without either would use.
        tmux_socket: SocketChoice = Socket, "";
        /// When muxwire's control clients are attached to tmux: `always`, or `on-demand`, only while a client is connected
        /// that is let in. Some versions of tmux have faults that end a server to which a control client is attached.
        attach: Attaching = Choice(&[
            ("always", Attaching::Always), ("on-demand", Attaching::OnDemand),
        ]), "always";
        /// How long they stay on demand after the last such client has gone.
        attach_grace: Duration = Span(s(1)..=s(86_400)), "30s";
        /// What is done with a tmux server whose option `exit-unattached` is on, which ends it, with all its sessions, when
        /// its last client detaches: `watch` attaches to it as to any other, so that it ends when muxwire stops and nobody
        /// else is attached; `leave` leaves it alone until the option is off. If the option is turned on while muxwire is
        /// attached, `leave` detaches as soon as somebody else is attached.
        exit_unattached: Unattached = Choice(&[
            ("watch", Unattached::Watch), ("leave", Unattached::Leave),
        ]), "watch";
        /// Where tokens are kept.
        state_dir: PathBuf = Directory, "$XDG_STATE_HOME/muxwire";
    }
    /// TLS on the address that is listened on. It is spoken as soon as there is a certificate.
    tls: Tls {
        /// A PEM file with the server's certificate, and behind it those that vouch for it. A change is put in force for
        /// new connections. Empty means no TLS.
        certificate: Option<PathBuf> = File, "";
        /// A PEM file with the certificate's private key, which nobody else may be able to read.
        key: Option<PathBuf> = File, "";
        /// A PEM file with authorities. With it, clients need a certificate of one of them, and a token still.
        client_ca: Option<PathBuf> = File, "";
        /// How long a client's TLS handshake may take.
        handshake_timeout: Duration = Span(ms(100)..=s(300)), "10s";
    }
    /// Who is let in.
    security: Security {
        /// Whether clients need a token. Without, anyone who can connect can type into your panes.
        require_auth: bool = Boolean, "true";
        /// Failed authentications in a row, from one address (of IPv6: one /64) or against one token; then it is refused
        /// unseen for a while.
        auth_failures: u32 = Integer(1..=10_000u32), "20";
        /// After this time one of them is forgiven.
        auth_failure_recovery: Duration = Span(ms(10)..=s(3600)), "3s";
        /// The keys with which JWTs are signed: a JSON Web Key Set. A change is put in force at once. Empty means that no
        /// JWT is accepted.
        jwt_keys: Option<PathBuf> = File, "";
        /// Who has to have issued a JWT: its claim `iss`.
        jwt_issuer: String = Text, "";
        /// For whom a JWT has to be: one of its claim `aud`.
        jwt_audience: String = Text, "";
        /// The claim with the permissions: a list of words, or one text with spaces between them.
        jwt_permissions_claim: String = Text, "permissions";
        /// The claim with the sessions: patterns of names, of which `*` alone means all.
        jwt_sessions_claim: String = Text, "sessions";
        /// Pages that may connect, besides those that come from this server itself: their origins, compared whole.
        allowed_origins: Vec<Origin> = List(Parsed::<Origin>::new("an origin such as https://box.example")), "";
        /// Names under which this server may be asked for, besides loopback ones and the address that it listens on.
        /// One without a port stands for every port.
        allowed_hosts: Vec<Host> = List(Parsed::<Host>::new("a name or address, with or without a port")), "";
        /// Pages that may show one terminal, `/t/SESSION`, in a frame: their origins. Those of this server need not be listed once
        /// another is. Empty means that no page may.
        frame_ancestors: Vec<Origin> = List(Parsed::<Origin>::new("an origin such as https://box.example")), "";
        /// Whether the user that muxwire runs as needs no token at `server.unix_socket`, and may do all.
        trust_same_user: bool = Boolean, "false";
        /// How long a browser stays in that asks for nothing and has no connection.
        session_idle: Duration = Span(s(60)..=s(30 * 86_400)), "1d";
        /// How long a browser stays in at all.
        session_lifetime: Duration = Span(s(60)..=s(365 * 86_400)), "30d";
    }
    /// How much clients may ask for. What is beyond is refused or put off, and counted in the metrics.
    limits: Limits {
        /// Connections from one address at one time; of IPv6 a /64 is one address. Beyond, they are closed at once.
        address_connections: u32 = Integer(1..=100_000u32), "100";
        /// New connections from one address in a second; five times as many may come at once.
        address_rate: u32 = Integer(1..=100_000u32), "20";
        /// Connections from this machine at one time: from loopback addresses together, and from each user at the Unix
        /// socket.
        local_connections: u32 = Integer(1..=100_000u32), "100000";
        /// New connections from this machine in a second; five times as many may come at once.
        local_rate: u32 = Integer(1..=100_000u32), "2000";
        /// Connections at one time on which nobody has authenticated: handshakes, scrapes and probes too. They come on top
        /// of `server.max_connections`. For one more, the one goes that has waited longest at the address with the most.
        unauthenticated: u32 = Integer(4..=100_000u32), "256";
        /// Connections of one token at one time, or of one subject of JWTs. Beyond, they are closed with 4006.
        token_connections: u32 = Integer(1..=100_000u32), "250";
        /// The largest head of an HTTP request.
        head_bytes: u64 = Size(8192..=MIB), "16KiB";
        /// The most headers of an HTTP request.
        headers: u32 = Integer(16..=1000u32), "100";
        /// How long the head of an HTTP request may take, and how long a connection may be idle before it.
        head_timeout: Duration = Span(ms(100)..=s(300)), "10s";
        /// How long one connection serves HTTP at all; a WebSocket has no such limit.
        http_lifetime: Duration = Span(s(1)..=s(3600)), "2m";
        /// Requests of one client in a second. Beyond, they are refused with RATE_LIMITED; anyone who goes on is closed with
        /// 4004.
        message_rate: u32 = Integer(1..=1_000_000u32), "100";
        /// How many of them may come at once.
        message_burst: u32 = Integer(1..=1_000_000u32), "1000";
        /// Messages of one terminal in a second, and acknowledgements of one client; twice as many may come at once.
        /// Beyond, they are put off: the socket is not read for a while.
        input_rate: u32 = Integer(1..=1_000_000u32), "2000";
        /// Bytes of one client's messages in a second; four times as many may come at once. Beyond, requests are refused
        /// and what is typed into terminals is put off.
        input_bytes: u64 = Size(4096..=4096 * MIB), "1MiB";
        /// The longest message of a client; one above 256KiB closes the connection.
        message_bytes: u64 = Size(1024..=65_536), "64KiB";
        /// Subscriptions of one connection.
        subscriptions: u32 = Integer(1..=64u32), "64";
        /// Panes that one connection may have open.
        open_panes: u32 = Integer(1..=256u32), "256";
        /// Events that the holder of one token may emit in a second, by all that it is connected by; five times as many may
        /// come at once. Beyond, they are refused with RATE_LIMITED.
        emit_rate: u32 = Integer(1..=100_000u32), "100";
        /// Bytes of their data in a second; five times as many may come at once.
        emit_bytes: u64 = Size(4096..=1024 * MIB), "256KiB";
        /// One-time tickets that nobody has used yet. One token may have an eighth of them.
        tickets: u32 = Integer(8..=1_000_000u32), "1024";
        /// Browsers that are told by push. One token may have an eighth of them: for one more, the one goes that subscribed the
        /// longest ago.
        push_subscriptions: u32 = Integer(8..=10_000u32), "128";
        /// Browsers that are let in by a code or a token. One token may have an eighth of them: for one more, the one goes that
        /// was not used for the longest time.
        browsers: u32 = Integer(8..=100_000u32), "256";
    }
    /// The log of who did what, in `audit/` below the state directory.
    audit: Audit {
        /// Whether it is kept. While it can't be written, nothing is typed and no window gets a size.
        enabled: bool = Boolean, "true";
        /// Whether it records what is typed itself. Otherwise it records the length and a keyed hash.
        content: bool = Boolean, "false";
        /// The size of a file from which on another one is begun.
        max_bytes: u64 = Size(65_536..=65_536 * MIB), "64MiB";
        /// How many files are kept besides the one that is written; the oldest go.
        keep: u32 = Integer(1..=100_000u32), "16";
    }
    /// Bounds of memory and time.
    performance: Performance {
        /// The history that is kept for clients that come back, in bytes.
        history_bytes: u64 = Size(MIB..=65_536 * MIB), "8MiB";
        /// The same, in events.
        history_events: u32 = Integer(100..=100_000_000u32), "20000";
        /// The same, in time.
        history_age: Duration = Span(s(1)..=s(30 * 86_400)), "1h";
        /// How far a client may fall behind until output of panes that flood is left out for it, in bytes.
        queue_bytes: u64 = Size(65_536..=4096 * MIB), "4MiB";
        /// The same, in events.
        queue_events: u32 = Integer(100..=10_000_000u32), "10000";
        /// How long to wait for more hints from tmux before its lists are read again.
        debounce: Duration = Span(ms(0)..=s(1)), "20ms";
    }
    /// The history on disk: what panes printed and agents did, for questions and for clients that come back ([history.md](history.md)).
    history: History {
        /// Whether it is kept. It makes muxwire listen to all panes all the time, also with `server.attach = "on-demand"`.
        enabled: bool = Boolean, "true";
        /// The folder of the files, one for each tmux server. Empty means `history/` below the state directory.
        path: Option<PathBuf> = File, "";
        /// How large a file may grow; what is oldest goes.
        max_bytes: u64 = Size(8 * MIB..=1_048_576 * MIB), "1GiB";
        /// How old what is in it may be; what is older goes.
        max_age: Duration = Span(s(60)..=s(3650 * 86_400)), "30d";
        /// Sessions of which nothing is kept that their panes print, by their names; `*` and `?` as in filters.
        exclude: Vec<NamePattern> = List(Parsed::<NamePattern>::new("a session's name or a pattern")), "";
        /// What becomes of what `redaction.rules` and `redaction.defaults` call secret, whether `redaction.enabled` is set or
        /// not: `mask` masks it before it is written; `keep` writes it, and masks it for those from whom it is kept.
        secrets: StoredSecrets = Choice(&[
            ("mask", StoredSecrets::Mask), ("keep", StoredSecrets::Keep),
        ]), "mask";
    }
    /// Coding agents in panes.
    agents: Agents {
        /// Whether panes are looked at for agents, and clients told what these do. Linux only.
        enabled: bool = Boolean, "true";
        /// Whether hooks are heard that agents call (`muxwire hooks install`).
        hooks: bool = Boolean, "true";
        /// Whether agents' own transcripts are followed, to count what they use: requests, tokens, tools, cost. What was said
        /// in them is never sent.
        usage: bool = Boolean, "true";
    }
    /// Alerts: what somebody should look at.
    alerts: Alerts {
        /// Whether alerts are said, and sent to where `alerts.toml` beside the configuration's file wants them.
        enabled: bool = Boolean, "true";
    }
    /// Web Push: telling browsers whose pages are closed.
    push: Push {
        /// Whether browsers may subscribe, and are told.
        enabled: bool = Boolean, "true";
        /// Whom a push service can write to about what this server sends: an address such as `mailto:me@box.example`. Some
        /// services take nothing without one.
        subject: String = Contact, "mailto:muxwire@muxwire.invalid";
        /// Whether messages may also be sent to this machine and private networks, without TLS, and to any port. A browser says where
        /// they are sent, so leave it off unless the push service is your own.
        private_endpoints: bool = Boolean, "false";
    }
    /// What panes, muxwire and the machine use of processors and memory.
    resources: Resources {
        /// How often they are looked at, while a client subscribes to `system.resources` or a rule for alerts needs it. Where
        /// that would take more than 1 % of a core, it is done less often. Linux only.
        interval: Duration = Span(s(1)..=s(3600)), "5s";
    }
    /// Keeping secrets from some of those who may look.
    redaction: Redaction {
        /// Whether it is done.
        enabled: bool = Boolean, "false";
        /// From whom: those whose highest permission is one of these, and besides them the holders of tokens that were made
        /// with `--redact`.
        roles: Vec<Permission> = Roles, "read";
        /// What is secret besides the usual forms of keys. From its group `(?<secret>...)` on, what a rule matches is masked.
        rules: Vec<String> = Patterns, "";
        /// Whether the usual forms of keys are secret.
        defaults: bool = Boolean, "true";
        /// How long output is held back at most, until it is decided whether it is secret.
        hold: Duration = Span(ms(10)..=s(10)), "250ms";
    }
    /// What is typed into panes.
    input: Input {
        /// How long Enter waits after the text or keys before it, so that a program can't take both for a paste. It is for
        /// Enter keys by name and that of `command`; what terminals type goes at once. `0ms` types them together.
        submit_delay: Duration = Span(ms(0)..=s(10)), "150ms";
    }
    /// Panes as terminals in pages.
    terminal: Terminal {
        /// Whether a terminal may give its window a size: `never`; `client`, the last one that asks; or `largest`, the
        /// largest of all terminals of the window. It is undone when the last of them leaves.
        resize: Resize = Choice(&[
            ("never", Resize::Never), ("client", Resize::Client), ("largest", Resize::Largest),
        ]), "never";
    }
    /// What can be seen of muxwire itself.
    monitoring: Monitoring {
        /// What is logged: a level, or directives for single modules. `debug` and `trace` alone are levels of muxwire itself,
        /// with `info` and `debug` for the libraries in it.
        log_level: String = LogFilter, "info";
        /// The form of a log line: `text` for people, `json` for programs.
        log_format: LogFormat = Choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]), "text";
        /// Whether `/metrics` is served.
        metrics: bool = Boolean, "true";
        /// A port at `server.host` that serves `/metrics`, `/healthz` and `/readyz` and nothing else, for a scraper that must not reach
        /// the rest. 0 means none.
        metrics_port: u16 = Integer(0..=65_535u16), "0";
        /// How often the whole model is compared with tmux, to publish what was missed.
        reconcile_interval: Duration = Span(s(1)..=s(86_400)), "30s";
    }
}
