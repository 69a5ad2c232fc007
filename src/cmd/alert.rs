//! Alerts in `muxwire serve`, and `muxwire alert`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alert::{AlertConfig, Rule, Sink, SinkKind};
use crate::bridge::Handle;
use crate::cli::{AlertCommand, AlertListArgs, AlertTestArgs, General};
use crate::cmd::output::CommandOutput;
use crate::cmd::{host_name, prepare};
use crate::config::unit::show_span;
use crate::connectors::{AlertFiles, AlertSinks, AlertSource, Connectors, Notification, Sender};
use crate::hub::{Hub, Published, View};
use crate::ids::{Epoch, Seq};
use crate::metrics::Metrics;
use crate::model::{Alert, AlertSeverity, Audience, Change, ChangeKind};
use crate::nearest::nearest;
use crate::wire::Encoder;

/// Says alerts and sends them, by what files in these folders of the configuration say.
///
/// # Errors
/// What is built in can't be used, which a test excludes.
pub(super) async fn watch(
    connectors: &Connectors,
    (hub, bridge): (&Hub, &Handle),
    folders: Vec<PathBuf>,
    host_name: &str,
    metrics: &Metrics,
) -> anyhow::Result<()> {
    let (files, config) = AlertFiles::start(folders).await?;
    tokio::spawn(files.run());
    let source = AlertSource::new(config.clone(), metrics);
    connectors.source("alerts", move |context| source.clone().run(context));
    let encoder = Encoder::new(host_name, hub.epoch());
    let sinks = AlertSinks::new(config, encoder, bridge.demand().clone(), metrics);
    connectors.quiet_sink("alerts", move |cursor| sinks.clone().run(cursor));
    Ok(())
}

/// Does what the command line asks for.
///
/// # Errors
/// The settings or the files with rules and sinks can't be used, or a sink did not take the test alert.
pub async fn run(
    general: &General,
    command: AlertCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let resolved = prepare(general, Vec::new())?;
    let config = AlertFiles::load(&general.inputs(Vec::new()).folders())?;
    match command {
        AlertCommand::List(args) => list(&config, &args, output),
        AlertCommand::Test(args) => test(config, &args, &host_name(&resolved.config), output).await,
    }
}

async fn test(
    config: AlertConfig,
    args: &AlertTestArgs,
    host_name: &str,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let sinks = chosen(config.sinks, &args.sinks)?;
    let severity = AlertSeverity::named(&args.severity).unwrap_or(AlertSeverity::Warning);
    let notification = test_notification(severity, host_name)?;
    let (mut failed, mut outcomes) = (0, Vec::new());
    for sink in sinks {
        let mut sender = Sender::new(sink);
        let sent = sender.send(&notification).await;
        let (id, kind) = (&sender.sink().id, sender.sink().kind.name());
        failed += usize::from(sent.is_err());
        let error = sent.err().map(|error| error.to_string());
        if !args.json {
            output.line(&match &error {
                None => format!("{id} ({kind}): sent"),
                Some(error) => format!("{id} ({kind}): failed: {error}"),
            })?;
        }
        outcomes.push(json!({ "sink": id, "kind": kind, "sent": error.is_none(), "error": error }));
    }
    if args.json {
        output.json(&Value::Array(outcomes))?;
    }
    if failed > 0 {
        bail!("{failed} of the sinks did not take the test alert");
    }
    Ok(())
}

/// The sinks of these names; all without any.
fn chosen(sinks: Vec<Sink>, names: &[String]) -> anyhow::Result<Vec<Sink>> {
    if sinks.is_empty() {
        bail!(
            "there are no sinks: add a [[sink]] to alerts.toml beside the configuration's file (docs/alerts.md has the form)"
        );
    }
    for name in names {
        if !sinks.iter().any(|sink| sink.id == *name) {
            let known = sinks.iter().map(|sink| sink.id.as_str());
            let meant = nearest(name, known.clone());
            let known = known.collect::<Vec<_>>().join(", ");
            let meant = meant.map_or_else(
                || format!("there are {known}"),
                |meant| format!("did you mean {meant}?"),
            );
            bail!("there is no sink {name:?}: {meant}");
        }
    }
    let is_chosen = |sink: &Sink| names.is_empty() || names.contains(&sink.id);
    Ok(sinks.into_iter().filter(is_chosen).collect())
}

/// A test alert, in the form of all others.
fn test_notification(severity: AlertSeverity, host_name: &str) -> anyhow::Result<Notification> {
    let random = getrandom::u32().context("the system gives no random numbers")?;
    let now = Timestamp::now();
    let alert = Alert {
        id: format!("test-{random:08x}"),
        rule: "test".to_owned(),
        severity,
        key: "test".to_owned(),
        title: "a test alert of muxwire".to_owned(),
        message: Some("nothing happened, and nothing has to be done".to_owned()),
        agent_type: None,
        status: None,
        reason: None,
        since: now,
    };
    let kind = ChangeKind::Alert {
        alert: alert.into(),
    };
    let change = Change::new(Audience::Unscoped, kind);
    let event = Published::restored(Seq(0), now, change, Default::default());
    let epoch = Epoch::new("test").context("an epoch is letters")?;
    let encoder = Encoder::new(host_name, &epoch);
    Notification::of(&event, View::default(), &encoder).context("an alert is one")
}

fn list(
    config: &AlertConfig,
    args: &AlertListArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    if args.json {
        let rules: Vec<Value> = config.rules.iter().map(rule_object).collect();
        let sinks: Vec<Value> = config.sinks.iter().map(sink_object).collect();
        return output.json(&json!({ "rules": rules, "sinks": sinks }));
    }
    let row = |rule: &Rule| {
        let (dwell, cooldown) = (show_span(rule.dwell), show_span(rule.cooldown));
        [
            rule.id.clone(),
            rule.severity.name().to_owned(),
            dwell,
            cooldown,
        ]
    };
    let heads = ["RULE", "SEVERITY", "DWELL", "COOLDOWN"].map(str::to_owned);
    let rules: Vec<_> = [heads]
        .into_iter()
        .chain(config.rules.iter().map(row))
        .collect();
    output.table(&rules)?;
    output.line("")?;
    let row = |sink: &Sink| {
        let kind = sink.kind.name().to_owned();
        let severity = format!("{} and above", sink.filter.severity.name());
        [sink.id.clone(), kind, severity, place(&sink.kind)]
    };
    let heads = ["SINK", "KIND", "SEVERITY", "WHERE"].map(str::to_owned);
    let sinks: Vec<_> = [heads]
        .into_iter()
        .chain(config.sinks.iter().map(row))
        .collect();
    output.table(&sinks)
}

fn rule_object(rule: &Rule) -> Value {
    json!({
        "id": rule.id, "severity": rule.severity.name(),
        "dwell": show_span(rule.dwell), "cooldown": show_span(rule.cooldown),
    })
}

fn sink_object(sink: &Sink) -> Value {
    json!({
        "id": sink.id, "kind": sink.kind.name(),
        "severity": sink.filter.severity.name(), "where": place(&sink.kind),
    })
}

/// Where a sink leads. Of an address only the host is shown: the rest is as good as a secret with many services.
fn place(kind: &SinkKind) -> String {
    match kind {
        SinkKind::Webhook { url, .. } | SinkKind::Ntfy { url, .. } => {
            let (scheme, host) = (url.scheme_str(), url.authority());
            let host = host.map_or("", |host| host.as_str());
            format!("{}://{host}/...", scheme.unwrap_or_default())
        }
        SinkKind::Command { argv } => argv.first().cloned().unwrap_or_default(),
    }
}
