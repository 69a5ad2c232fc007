//! `muxwire export`: what a pane printed, or what happened, as a file for others.

mod life;
mod progress;
mod recorded;
mod written;

use std::io::Write;
use std::path::Path;

use serde_json::json;

use self::progress::Progress;
use self::recorded::Recorded;
use self::written::{Place, Written};
use crate::cli::{ExportArgs, ExportFormat, ExportTheme, General};
use crate::cmd::exit::{Exit, NO_TARGET, USAGE};
use crate::cmd::output::CommandOutput;
use crate::cmd::past::{Past, told};
use crate::cmd::signals::{INTERRUPTED, Signals};
use crate::export::{
    About, CastVersion, Exporter, Extent, Form, Patch, Theme, event_line, exporter,
};
use crate::history::{EventPage, EventQuery, KnownPane, Order, StoreError};
use crate::printable::escaped;

/// How many events are asked for at once.
const EVENTS: usize = 1000;

/// Writes the export.
///
/// # Errors
/// Nothing is kept of what is meant, the history can't be read, or the file not written.
pub async fn run(
    general: &General,
    args: ExportArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let form = form(&args)?;
    let past = Past::open(general, &args.past).await?;
    let lives = past.pane(&args.target).await?;
    let is_patched = matches!(form, Some(Form::Svg(..)));
    let place = Place::of(&args.output)?;
    // A signal ends what is streamed by itself, also while nobody reads it.
    let mut signals = place.is_file().then(Signals::new).transpose()?;
    let written = Written::begin(place, is_patched)?;
    let first = lives.first().map(|pane| pane.first_at);
    let begin = past.from.or(first).unwrap_or_default();
    let mut export = Export {
        written,
        progress: Progress::new(),
        bytes: 0,
        at: begin,
    };
    let last = lives.last().cloned();
    let exported = tokio::select! {
        exported = export.write(&past, lives, form) => Some(exported),
        () = interrupted(signals.as_mut()) => None,
    };
    export.progress.clear();
    let patches = exported.unwrap_or_else(|| Err(export.interrupted()));
    let patches = patches.map_err(|error| explained(error, last.as_ref(), &past))?;
    let (bytes, at) = (export.bytes, export.at);
    export.written.end(&patches)?;
    tell(&args, bytes, at, output)
}

/// Why there is no export, with what could be exported instead.
fn explained(error: anyhow::Error, pane: Option<&KnownPane>, past: &Past) -> anyhow::Error {
    let is_empty = matches!(error.downcast_ref(), Some(StoreError::NotKept));
    let Some(pane) = pane.filter(|_| is_empty) else {
        return error;
    };
    let from = past.from.unwrap_or(pane.first_at);
    let message = format!(
        "the history holds no screen and no output of {} from {} to {}: it is known from {} to {}, and --from and --to choose",
        pane.pane,
        told(from),
        told(past.to),
        told(pane.first_at),
        told(pane.last_at)
    );
    let code = NO_TARGET;
    Exit { code, message }.into()
}

/// Says what was written, and where the next range begins.
fn tell(
    args: &ExportArgs,
    bytes: u64,
    at: i64,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let file = args.output.display().to_string();
    if args.json {
        let told = json!({ "file": file, "bytes": bytes, "to": told(at) });
        output.line(&told.to_string())?;
    } else if !is_stdout(args) {
        CommandOutput::stderr().line(&format!(
            "{}: {bytes} bytes, up to {}; --from that has what comes later",
            escaped(&file),
            told(at)
        ))?;
    }
    Ok(())
}

fn is_stdout(args: &ExportArgs) -> bool {
    args.output == Path::new("-")
}

async fn interrupted(signals: Option<&mut Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

/// The form; none for events.
fn form(args: &ExportArgs) -> anyhow::Result<Option<Form>> {
    let extent = match args.screen {
        true => Extent::Screen,
        false => Extent::Whole,
    };
    let theme = match args.theme {
        ExportTheme::Dark => Theme::Dark,
        ExportTheme::Light => Theme::Light,
    };
    let has_extent = matches!(
        args.format,
        ExportFormat::Text | ExportFormat::Html | ExportFormat::Svg
    );
    let usage = |message: &str| {
        let (code, message) = (USAGE, message.to_owned());
        anyhow::Error::from(Exit { code, message })
    };
    if args.screen && !has_extent {
        return Err(usage(
            "--screen is for text, html and svg: choose one with --format",
        ));
    }
    if args.json && is_stdout(args) {
        return Err(usage(
            "--json would stand among the export: name a file with -o",
        ));
    }
    Ok(match args.format {
        ExportFormat::Asciicast => Some(Form::Asciicast(CastVersion::V3)),
        ExportFormat::AsciicastV2 => Some(Form::Asciicast(CastVersion::V2)),
        ExportFormat::Ndjson => None,
        ExportFormat::Text => Some(Form::Text(extent)),
        ExportFormat::Html => Some(Form::Html(extent, theme)),
        ExportFormat::Svg => Some(Form::Svg(extent, theme)),
    })
}

/// An export that is being written.
struct Export {
    written: Written,
    progress: Progress,
    bytes: u64,
    /// Up to when it has what happened.
    at: i64,
}

impl Export {
    async fn write(
        &mut self,
        past: &Past,
        lives: Vec<KnownPane>,
        form: Option<Form>,
    ) -> anyhow::Result<Vec<Patch>> {
        match form {
            Some(form) => {
                let about = About {
                    title: lives.last().map(title).unwrap_or_default(),
                };
                let recorded = Recorded::new(past, lives);
                self.write_pane(recorded, exporter(form, about)).await
            }
            None => self.write_events(past, &lives).await.map(|()| Vec::new()),
        }
    }

    async fn write_pane(
        &mut self,
        mut recorded: Recorded<'_>,
        mut exporter: Box<dyn Exporter>,
    ) -> anyhow::Result<Vec<Patch>> {
        let mut out = Vec::new();
        while let Some(happened) = recorded.next().await? {
            for (at, what) in &happened {
                exporter.take(*at, what.piece(), &mut out)?;
                self.put(&mut out)?;
            }
            self.reached(recorded.at(), recorded.done());
            // A signal is looked for here, also where the history answers at once.
            tokio::task::yield_now().await;
        }
        let patches = exporter.end(&mut out)?;
        self.put(&mut out)?;
        Ok(patches)
    }

    async fn write_events(&mut self, past: &Past, lives: &[KnownPane]) -> anyhow::Result<()> {
        let mut query = EventQuery {
            pane_keys: lives.iter().map(|pane| pane.key).collect(),
            from: past.from,
            to: Some(past.to),
            order: Order::OldestFirst,
            limit: EVENTS,
            redacted: past.redacted,
            ..EventQuery::default()
        };
        let begin = self.at;
        loop {
            let EventPage { events, more } = past.reader.events(query.clone()).await?;
            let mut out = Vec::new();
            for event in &events {
                out.extend_from_slice(event_line(&event.json).as_bytes());
                out.push(b'\n');
            }
            self.put(&mut out)?;
            query.after = events.last().map(|event| event.cursor);
            if let Some(last) = query.after {
                let all = (past.to - begin).max(1);
                self.reached(last.at, (last.at - begin) as f64 / all as f64);
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn put(&mut self, out: &mut Vec<u8>) -> anyhow::Result<()> {
        self.bytes += out.len() as u64;
        self.written.write(out)?;
        out.clear();
        Ok(())
    }

    fn reached(&mut self, at: i64, done: f64) {
        self.at = at;
        self.progress.show(done, self.bytes, &told(at));
    }

    fn interrupted(&self) -> anyhow::Error {
        let at = told(self.at);
        let message = format!(
            "interrupted at {at}, and nothing was written: --to {at} exports what came until then, --from {at} the rest"
        );
        let code = u8::try_from(INTERRUPTED).unwrap_or(1);
        Exit { code, message }.into()
    }
}

fn title(pane: &KnownPane) -> String {
    match &*pane.window {
        "" => format!("{} {}", pane.session, pane.pane),
        window => format!("{}:{window} {}", pane.session, pane.pane),
    }
}
