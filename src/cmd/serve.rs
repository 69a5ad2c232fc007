//! `muxwire serve`: the bridge and the server, from their start to an orderly end.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bridge::{self, Attach, Ends, Handle, Settings, Speed};
use crate::cli::{General, ReplaySpeed, ServeArgs};
use crate::cmd::audited;
use crate::cmd::connectors;
use crate::cmd::counters;
use crate::cmd::dashboard::welcome;
use crate::cmd::descriptors;
use crate::cmd::entry::{authenticator, log_tokens};
use crate::cmd::keeping::Kept;
use crate::cmd::listeners;
use crate::cmd::notify::Notifier;
use crate::cmd::output::CommandOutput;
use crate::cmd::reload::ConfigWatch;
use crate::cmd::signals::{INTERRUPTED, Signals};
use crate::cmd::{host_name, prepare};
use crate::config::{Attaching, Compressing, Config, Listening, Resize, Unattached, listening};
use crate::connectors::Connectors;
use crate::hub::{HistoryLimits, Hub, Redaction};
use crate::ids::Epoch;
use crate::metrics::Metrics;
use crate::model::Debounce;
use crate::recording::Recording;
use crate::redact::Rules;
use crate::server::{
    self, AddressLimits, Bounds, Compression, ConnectionLimits, EmitRates, HttpLimits, Rate,
    ResizePolicy, Running, SendQueueLimits, ServerConfig, SessionLimits, Sources,
};
use crate::tmux::{Demo, ExitUnattached, Tmux};

/// How much longer than after the last hint a listing may wait after the first one.
const LONGEST_BURST: Duration = Duration::from_millis(30);

/// How long a client that is closed may take to answer Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// When clients are asked to come back after a stop.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// The settings are wrong, the address is taken, or tmux can't be used.
pub async fn run(
    general: &General,
    args: ServeArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let flags = args.server.flags();
    let resolved = prepare(general, flags.clone())?;
    let config = resolved.config.clone();
    let inputs = general.inputs(flags);
    let rule_folders = inputs.folders();
    tokio::spawn(ConfigWatch::start(inputs, resolved).run());
    let mut signals = Signals::new()?;
    let opens = args.open;
    if args.demo {
        let demo = Demo::start(&config.server.tmux).await?;
        let source = Source::Demo(demo.tmux().clone());
        let outcome = serve(&config, source, rule_folders, opens, &mut signals, output).await;
        demo.stop().await.context("the demo did not end well")?;
        return outcome;
    }
    let source = match args.replay {
        Some(path) => Source::open(path, args.replay_speed).await?,
        None => {
            let choice = config.server.tmux_socket.clone();
            Source::Tmux(Tmux::probe(&config.server.tmux, choice).await?)
        }
    };
    source.check().await?;
    serve(&config, source, rule_folders, opens, &mut signals, output).await
}

/// What is served.
enum Source {
    Tmux(Tmux),
    /// What is played there is no history of anybody.
    Demo(Tmux),
    Recording(Recording, Speed),
}

impl Source {
    async fn open(path: PathBuf, speed: ReplaySpeed) -> anyhow::Result<Self> {
        let speed = match speed {
            ReplaySpeed::Original => Speed::Original,
            ReplaySpeed::Max => Speed::Max,
        };
        let shown = path.display().to_string();
        let opened = spawn_blocking(move || Recording::open(&path)).await?;
        let recording = opened.with_context(|| format!("can't replay {shown}"))?;
        tracing::info!(
            entries = recording.len(),
            seconds = recording.length().as_secs_f64(),
            started = %recording.header().started,
            tmux = recording.header().tmux,
            "replaying {shown}"
        );
        Ok(Self::Recording(recording, speed))
    }

    /// Refuses what no waiting would make usable, before anything announces that there is a server here.
    async fn check(&self) -> anyhow::Result<()> {
        let (Self::Tmux(tmux) | Self::Demo(tmux)) = self else {
            return Ok(());
        };
        match tmux.check_socket().await {
            Err(error) if !error.heals_by_waiting() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The name of the log: a recording's events have the same places whenever it is replayed.
    fn epoch(&self) -> anyhow::Result<Epoch> {
        match self {
            Self::Tmux(_) | Self::Demo(_) => random_epoch(),
            Self::Recording(recording, _) => Ok(recording.epoch().clone()),
        }
    }

    /// Whether something may be added to what it says. A recording has the same places whenever it is played.
    fn is_live(&self) -> bool {
        !matches!(self, Self::Recording(..))
    }

    /// The socket of the server whose history is kept.
    fn kept_socket(&self) -> Option<&Path> {
        match self {
            Self::Tmux(tmux) => Some(tmux.socket_path()),
            Self::Demo(_) | Self::Recording(..) => None,
        }
    }

    /// Begins to follow it. Returns what ends that.
    fn follow(
        self,
        config: &Config,
        ends: Ends,
    ) -> (JoinHandle<anyhow::Result<()>>, CancellationToken) {
        let stop = CancellationToken::new();
        let running = self.run(serving(config), ends, stop.clone());
        (tokio::spawn(running), stop)
    }

    async fn run(
        self,
        settings: Settings,
        ends: Ends,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        match self {
            Self::Tmux(tmux) | Self::Demo(tmux) => {
                Ok(bridge::follow(tmux, settings, ends, None, stop).await?)
            }
            Self::Recording(recording, speed) => {
                Ok(bridge::replay(recording, speed, ends, stop).await?)
            }
        }
    }
}

async fn serve(
    config: &Config,
    source: Source,
    rule_folders: Vec<PathBuf>,
    opens: bool,
    signals: &mut Signals,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let room = descriptors::make_room(u64::from(config.server.max_connections));
    let kept = Kept::open(config, source.kept_socket()).await;
    let hub = kept.hub(history(config), source.epoch()?, redaction(config)?);
    let metrics = Metrics::new(&hub);
    let authenticator = authenticator(config)?;
    let audit = audited::start(config, &metrics, authenticator.as_ref())?;
    let manager = Notifier::of_process();
    let server_config = server_config(config, listening(config)?, size(room), &metrics, &manager)?;
    let bound = server::bind(&server_config).await?;
    let (handle, ends) = ends(&hub, &metrics, source.is_live());
    let connectors = Connectors::new(hub.clone(), handle.clone(), &metrics);
    let live = source.is_live().then_some((rule_folders, kept));
    let beside = (&hub, &handle, &metrics);
    let beside =
        connectors::begin(config, &connectors, beside, live, (&authenticator, &audit)).await?;
    let sources = Sources {
        hub,
        bridge: handle.clone(),
        history: beside.history,
        authenticator: authenticator.clone(),
        metrics: metrics.clone(),
        audit: audit.clone(),
        push: beside.push,
    };
    let stop_server = CancellationToken::new();
    let running = server::serve(server_config, bound, sources, stop_server.clone());
    announce(config, running.address, &manager, output);
    welcome(config, running.address, opens, output);
    tokio::spawn(manager.clone().live(handle));
    log_tokens(config, authenticator.as_ref());
    let (bridge, stop_bridge) = source.follow(config, ends);
    let started = Started {
        running,
        connectors,
        stop_server,
        bridge,
        stop_bridge,
        manager,
    };
    let served = started.serve(config.server.shutdown_timeout, signals);
    audited::until_end_of(served, audit).await
}

/// Says where the server listens. That nobody can read it is no reason to serve nobody.
fn announce(
    config: &Config,
    address: SocketAddr,
    manager: &Notifier,
    output: &mut CommandOutput<impl Write>,
) {
    let scheme = match config.tls.certificate {
        Some(_) => "wss",
        None => "ws",
    };
    let base = &config.server.base_path;
    let listens = format!("listening on {scheme}://{address}{base}/monitor");
    if let Err(error) = output.line(&listens) {
        tracing::warn!("{listens}, which can't be printed: {error:#}");
    }
    manager.ready(&listens);
}

/// The server, the bridge and what is beside them, and how each is stopped.
struct Started {
    running: Running,
    connectors: Connectors,
    stop_server: CancellationToken,
    bridge: JoinHandle<anyhow::Result<()>>,
    stop_bridge: CancellationToken,
    manager: Notifier,
}

impl Started {
    /// Serves until a signal asks for the end, or the bridge fails. A second signal ends the program at once.
    async fn serve(mut self, limit: Duration, signals: &mut Signals) -> anyhow::Result<()> {
        let failed = tokio::select! {
            () = signals.next() => None,
            ended = &mut self.bridge => Some(ended),
        };
        tracing::info!("stopping");
        self.manager.stopping();
        tokio::select! {
            outcome = self.stop(limit, failed.is_some()) => outcome?,
            () = signals.next() => std::process::exit(INTERRUPTED),
        }
        match failed {
            Some(ended) => ended?,
            None => Ok(()),
        }
    }

    /// Sources and clients first, so that clients get `shutdown`; then the links, unless the bridge has ended already; and last
    /// the sinks, which take what was published meanwhile.
    async fn stop(self, limit: Duration, bridge_has_ended: bool) -> anyhow::Result<()> {
        let began = Instant::now();
        self.stop_server.cancel();
        self.connectors.stop_sources().await;
        if timeout(limit / 3, self.running.finished()).await.is_err() {
            tracing::warn!("clients did not answer Close in time");
        }
        let for_sinks = match self.connectors.has_sinks() {
            true => limit / 6,
            false => Duration::ZERO,
        };
        let ended = match bridge_has_ended {
            true => Ok(()),
            false => {
                self.stop_bridge.cancel();
                ended_within(limit * 2 / 3 - for_sinks, self.bridge).await
            }
        };
        // What they write takes as long as the disk does, so they get the time that is left.
        let left = limit.saturating_sub(began.elapsed());
        self.connectors.drain(left.max(for_sinks)).await;
        ended
    }
}

/// Waits for the end of the bridge, but no longer than this.
async fn ended_within(
    limit: Duration,
    bridge: JoinHandle<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    match timeout(limit, bridge).await {
        Ok(ended) => ended?,
        Err(_) => {
            tracing::warn!("the links to tmux did not end in time");
            Ok(())
        }
    }
}

fn history(config: &Config) -> HistoryLimits {
    let performance = &config.performance;
    HistoryLimits {
        bytes: size(performance.history_bytes),
        events: performance.history_events as usize,
        age: performance.history_age,
    }
}

pub(super) fn settings(config: &Config) -> Settings {
    let quiet = config.performance.debounce;
    let debounce = Debounce {
        quiet,
        at_most: quiet + LONGEST_BURST,
    };
    Settings {
        debounce,
        reconcile: config.monitoring.reconcile_interval,
        submit_delay: config.input.submit_delay,
        attach: Attach::Always,
        exit_unattached: exit_unattached(config),
    }
}

/// The same for a server of clients, which may want to be attached only while there are some.
fn serving(config: &Config) -> Settings {
    let grace = config.server.attach_grace;
    Settings {
        attach: match config.server.attach {
            Attaching::Always => Attach::Always,
            Attaching::OnDemand => Attach::OnDemand { grace },
        },
        ..settings(config)
    }
}

/// What to do with a server that ends when nobody is attached.
pub(super) fn exit_unattached(config: &Config) -> ExitUnattached {
    match config.server.exit_unattached {
        Unattached::Watch => ExitUnattached::Watch,
        Unattached::Leave => ExitUnattached::Leave,
    }
}

/// What is kept from some, if anything is.
fn redaction(config: &Config) -> anyhow::Result<Option<Redaction>> {
    let settings = &config.redaction;
    if !settings.enabled {
        return Ok(None);
    }
    let rules = Rules::new(&settings.rules, settings.defaults);
    let rules = rules.context("redaction.rules can't be used together")?;
    if rules.is_empty() {
        bail!(
            "redaction.enabled is true, but nothing is secret: give redaction.rules, or set redaction.defaults to true"
        );
    }
    let (count, bytes) = (rules.len(), rules.memory());
    tracing::info!(rules = count, bytes, "secrets are kept from some");
    Ok(Some(Redaction {
        rules: Arc::new(rules),
        hold: settings.hold,
    }))
}

fn server_config(
    config: &Config,
    listening: Listening,
    room: usize,
    metrics: &Metrics,
    manager: &Notifier,
) -> anyhow::Result<ServerConfig> {
    let metrics_port = Some(config.monitoring.metrics_port).filter(|port| *port != 0);
    Ok(ServerConfig {
        listen: listening.address,
        listeners: listeners::options(config, listening, metrics, manager)?,
        host_name: host_name(config),
        base_path: config.server.base_path.clone(),
        assets_dir: config.server.assets_dir.clone(),
        compression: match config.server.compression {
            Compressing::Auto => Compression::Auto,
            Compressing::On => Compression::On,
            Compressing::Off => Compression::Off,
        },
        frame_ancestors: config.security.frame_ancestors.clone(),
        allowed_hosts: config.security.allowed_hosts.clone(),
        allowed_origins: config.security.allowed_origins.clone(),
        max_connections: room,
        metrics: config.monitoring.metrics,
        metrics_listen: metrics_port.map(|port| SocketAddr::new(config.server.host, port)),
        resize: match config.terminal.resize {
            Resize::Never => ResizePolicy::Never,
            Resize::Client => ResizePolicy::Last,
            Resize::Largest => ResizePolicy::Largest,
        },
        redacted_roles: config.redaction.roles.clone(),
        limits: connection_limits(config),
        bounds: bounds(config),
    })
}

fn bounds(config: &Config) -> Bounds {
    let limits = &config.limits;
    let address = |connections: u32, per_second: u32| AddressLimits {
        connections: connections as usize,
        rate: Rate {
            per_second: per_second.into(),
            burst: 5 * u64::from(per_second),
        },
    };
    Bounds {
        tickets: limits.tickets as usize,
        browsers: SessionLimits {
            idle: config.security.session_idle,
            life: config.security.session_lifetime,
            most: limits.browsers as usize,
        },
        emit: EmitRates::new(limits.emit_rate.into(), limits.emit_bytes),
        unauthenticated: limits.unauthenticated as usize,
        token_connections: limits.token_connections as usize,
        remote: address(limits.address_connections, limits.address_rate),
        local: address(limits.local_connections, limits.local_rate),
        http: HttpLimits {
            head_bytes: size(limits.head_bytes),
            headers: limits.headers as usize,
            head_timeout: limits.head_timeout,
            lifetime: limits.http_lifetime,
        },
    }
}

fn connection_limits(config: &Config) -> ConnectionLimits {
    let limits = &config.limits;
    let send_queue = SendQueueLimits {
        bytes: size(config.performance.queue_bytes),
        messages: config.performance.queue_events as usize,
    };
    ConnectionLimits {
        auth_timeout: config.server.auth_timeout,
        ping_interval: config.server.ping_interval,
        close_timeout: CLOSE_TIMEOUT,
        retry_after: RETRY_AFTER,
        send_queue,
        messages: Rate {
            per_second: limits.message_rate.into(),
            burst: limits.message_burst.into(),
        },
        input: Rate {
            per_second: limits.input_rate.into(),
            burst: 2 * u64::from(limits.input_rate),
        },
        input_bytes: Rate {
            per_second: limits.input_bytes,
            burst: 4 * limits.input_bytes,
        },
        message_bytes: size(limits.message_bytes),
        subscriptions: limits.subscriptions as usize,
        open_panes: limits.open_panes as usize,
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn random_epoch() -> anyhow::Result<Epoch> {
    let random = getrandom::u64().context("the system gives no random numbers");
    Epoch::new(&format!("{:016x}", random?)).context("an epoch is hexadecimal")
}

/// The way to the bridge, and what the bridge is connected to.
fn ends(hub: &Hub, metrics: &Metrics, is_live: bool) -> (Handle, Ends) {
    let (handle, requests) = Handle::pair();
    let demand = handle.demand().clone();
    demand.set_detached(is_live);
    counters::watch_demand(metrics, demand.clone());
    let ends = Ends {
        hub: hub.clone(),
        counters: counters::watched(metrics),
        requests,
        demand,
    };
    (handle, ends)
}
