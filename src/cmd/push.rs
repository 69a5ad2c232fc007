//! Web Push in `muxwire serve`, and `muxwire push`.

use std::io::Write;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::audit::{Act, Log, Who};
use crate::auth::{Authenticator, Redact};
use crate::bridge::Handle;
use crate::cli::{General, PushCommand, PushListArgs, PushRemoveArgs, StateArgs};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::config::Config;
use crate::connectors::{Connectors, PushSink};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::printable::escaped;
use crate::push::{EndpointRules, Kind, PushDesk, PushSettings, PushStore, Subscription};

/// Tells browsers what there is to tell, as long as the server runs, if the settings want that.
pub(super) fn begin(
    config: &Config,
    connectors: &Connectors,
    (hub, bridge, metrics): (&Hub, &Handle, &Metrics),
    authenticator: &Option<Authenticator>,
    audit: &Log,
) -> Option<PushDesk> {
    if !config.push.enabled {
        return None;
    }
    let redact = Redact::new(hub.redaction().is_some(), &config.redaction.roles);
    let audit = audit.clone();
    let ended = move |one: &Subscription, reason| {
        let who = Who::server().known_as(Some(one.bond.id_text()), &one.name);
        let subscription = one.id.clone();
        let act = Act::PushEnded {
            subscription,
            reason,
        };
        audit.record(&who, act);
    };
    let state = &config.server.state_dir;
    let desk = PushDesk::new(
        state,
        settings(config),
        (authenticator.clone(), redact),
        ended,
    );
    tokio::spawn(desk.clone().follow());
    let demand = bridge.demand().clone();
    let sink = PushSink::new(desk.clone(), hub.clone(), demand, metrics);
    connectors.quiet_sink("push", move |cursor| sink.clone().run(cursor));
    Some(desk)
}

fn settings(config: &Config) -> PushSettings {
    PushSettings {
        subject: config.push.subject.clone(),
        endpoints: EndpointRules {
            private: config.push.private_endpoints,
        },
        most: config.limits.push_subscriptions as usize,
    }
}

/// Does what the subcommand asks for.
///
/// # Errors
/// The files can't be used, or have no such subscription.
pub(super) fn run(
    general: &General,
    command: PushCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    match command {
        PushCommand::List(args) => list(&store(general, &args.state)?, &args, output),
        PushCommand::Remove(args) => remove(&store(general, &args.state)?, &args, output),
    }
}

fn store(general: &General, state: &StateArgs) -> anyhow::Result<PushStore> {
    let resolved = prepare(general, state.flags())?;
    Ok(PushStore::new(&resolved.config.server.state_dir))
}

fn list(
    store: &PushStore,
    args: &PushListArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let all = store.list()?;
    if args.json {
        return output.json(&all.iter().map(describe).collect());
    }
    if all.is_empty() {
        let file = store.file();
        return CommandOutput::stderr().line(&format!(
            "muxwire: no browser is told by push ({}): the dashboard subscribes one, under Notifications in its menu",
            file.display()
        ));
    }
    let heads = [
        "NAME", "OF", "DEVICE", "SERVICE", "TELLS OF", "SERVER", "SINCE",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    output.table(&rows)
}

fn kinds(one: &Subscription) -> Vec<&'static str> {
    one.wishes.kinds.iter().map(Kind::name).collect()
}

fn row(one: &Subscription) -> [String; 7] {
    [
        one.id.clone(),
        format!("{} ({})", escaped(&one.name), escaped(&one.bond.id_text())),
        escaped(&one.device).into_owned(),
        one.endpoint.host().to_owned(),
        kinds(one).join(","),
        escaped(&one.server).into_owned(),
        one.created.to_string(),
    ]
}

/// What there is to know of it that is no secret: whoever has the whole endpoint may be able to send there.
fn describe(one: &Subscription) -> Value {
    json!({
        "subscription": one.id,
        "id": one.bond.id_text(),
        "name": one.name,
        "device": one.device,
        "service": one.endpoint.host(),
        "server": one.server,
        "browser": one.browser,
        "created": one.created.to_string(),
        "kinds": kinds(one),
    })
}

fn remove(
    store: &PushStore,
    args: &PushRemoveArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let known = store.list()?;
    for name in &args.names {
        if !known.iter().any(|one| one.id == *name) {
            bail!("no browser is told by push as {name:?}: `muxwire push list` shows all");
        }
    }
    let is_meant = |one: &Subscription| args.all || args.names.contains(&one.id);
    let (_, gone) = store
        .change(|all| {
            let (gone, left) = std::mem::take(all).into_iter().partition(is_meant);
            *all = left;
            let gone: Vec<Subscription> = gone;
            gone
        })
        .context("nothing was removed")?;
    for one in gone {
        output.line(&format!("removed {} ({})", one.id, escaped(&one.device)))?;
    }
    Ok(())
}
