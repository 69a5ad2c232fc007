//! What can be asked over HTTP, one row for each method of a route.

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody, or who it is shows later.
    Open,
    /// Who has a token.
    Token,
    /// Who has a token, or a page of the server that is let in.
    TokenOrCookie,
    /// Anybody; some of it only with a token.
    MaybeToken,
}

/// What stands behind the question mark.
#[derive(Debug, Clone, Copy)]
pub(super) enum Query {
    None,
    /// The fields of a question.
    Fields(&'static str),
    /// Lists of a filter.
    Lists(&'static [&'static str]),
    /// Whole numbers.
    Numbers(&'static [&'static str]),
    /// The form of a screen.
    Form,
}

/// The content of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Nothing,
    /// By the name of its component.
    Json(&'static str),
    /// Text of this type.
    Text(&'static str),
    /// A screen, in three forms.
    Screen,
}

/// A method of a route.
#[derive(Debug)]
pub struct Operation {
    /// The method, in small letters.
    pub method: &'static str,
    /// The route, as the router and OpenAPI have it.
    pub path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) tag: &'static str,
    pub(super) access: Access,
    pub(super) query: Query,
    /// The component that the body is.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [(u16, Answer)],
    /// Whether it is told as a problem if it is not done.
    pub(super) has_problems: bool,
}

impl Operation {
    /// One that is read, by anybody.
    const fn get(
        path: &'static str,
        (id, tag, summary): (&'static str, &'static str, &'static str),
        answers: &'static [(u16, Answer)],
    ) -> Self {
        Self {
            method: "get",
            path,
            id,
            summary,
            tag,
            access: Access::Open,
            query: Query::None,
            body: None,
            answers,
            has_problems: false,
        }
    }

    const fn by(self, access: Access) -> Self {
        Self { access, ..self }
    }

    const fn asking(self, query: Query) -> Self {
        Self { query, ..self }
    }

    const fn with_problems(self) -> Self {
        Self {
            has_problems: true,
            ..self
        }
    }

    /// The same with another method and a body.
    const fn sent(self, method: &'static str, body: Option<&'static str>) -> Self {
        Self {
            method,
            body,
            ..self
        }
    }
}

const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";
const PAGE: &[(u16, Answer)] = &[(200, Answer::Text(HTML)), (304, Answer::Nothing)];
const GONE: &[(u16, Answer)] = &[(204, Answer::Nothing)];
const SOCKET: &[(u16, Answer)] = &[(101, Answer::Nothing)];
const FILTERS: Query = Query::Lists(&["sessions", "windows", "panes", "agents", "statuses"]);
const EVENTS: Query = Query::Lists(&[
    "types",
    "sessions",
    "windows",
    "panes",
    "agents",
    "statuses",
    "since",
    "without_watchers",
]);

/// What there is now.
const fn listing(
    path: &'static str,
    about: (&'static str, &'static str, &'static str),
    answers: &'static [(u16, Answer)],
) -> Operation {
    Operation::get(path, about, answers)
        .by(Access::TokenOrCookie)
        .asking(FILTERS)
        .with_problems()
}

/// What is typed.
const fn input(
    path: &'static str,
    (id, summary): (&'static str, &'static str),
    body: &'static str,
    answers: &'static [(u16, Answer)],
) -> Operation {
    Operation::get(path, (id, "input", summary), answers)
        .by(Access::Token)
        .with_problems()
        .sent("post", Some(body))
}

/// A question about the past.
const fn past(
    path: &'static str,
    (id, action, summary): (&'static str, &'static str, &'static str),
    answers: &'static [(u16, Answer)],
) -> Operation {
    Operation::get(path, (id, "past", summary), answers)
        .by(Access::Token)
        .asking(Query::Fields(action))
}

/// All of it.
pub const OPERATIONS: &[Operation] = &[
    listing(
        "/api/sessions",
        ("sessions", "now", "Sessions with windows and panes."),
        &[(200, Answer::Json("server.snapshot"))],
    ),
    listing(
        "/api/panes",
        ("panes", "now", "Panes, each once."),
        &[(200, Answer::Json("http.panes"))],
    ),
    listing(
        "/api/agents",
        ("agents", "now", "Agents, and what they do."),
        &[(200, Answer::Json("http.agents"))],
    ),
    listing(
        "/api/alerts",
        ("alerts", "now", "Alerts that are not over."),
        &[(200, Answer::Json("http.alerts"))],
    ),
    Operation::get(
        "/api/panes/{pane}/screen",
        ("screen", "now", "What a pane shows."),
        &[(200, Answer::Screen)],
    )
    .by(Access::TokenOrCookie)
    .asking(Query::Form)
    .with_problems(),
    input(
        "/api/command",
        ("command", "Types a line and presses Enter."),
        "body.command",
        &[(200, Answer::Json("server.command.response"))],
    ),
    input(
        "/api/keys",
        ("keys", "Types text, or presses keys."),
        "body.send-keys",
        &[(200, Answer::Json("server.command.response"))],
    ),
    input(
        "/api/prompt",
        ("prompt", "Gives an agent a prompt."),
        "body.prompt",
        &[(200, Answer::Json("server.prompt.response"))],
    ),
    input(
        "/api/answer",
        ("answer", "Answers the dialog of an agent."),
        "body.answer",
        &[(200, Answer::Json("server.answer.response"))],
    ),
    Operation::get(
        "/api/events",
        (
            "events",
            "events",
            "Events as they happen, as Server-Sent Events.",
        ),
        &[(200, Answer::Text("text/event-stream"))],
    )
    .by(Access::TokenOrCookie)
    .asking(EVENTS)
    .with_problems(),
    Operation::get(
        "/api/events",
        ("emit", "events", "Adds events of your own to the log."),
        &[(200, Answer::Json("server.emitted"))],
    )
    .by(Access::Token)
    .sent("post", Some("body.emit")),
    Operation::get(
        "/api/metrics/overview",
        ("overview", "sums", "What the last hours came to."),
        &[(200, Answer::Json("http.overview"))],
    )
    .by(Access::TokenOrCookie)
    .asking(Query::Numbers(&["hours"]))
    .with_problems(),
    Operation::get(
        "/api/stream/metrics",
        (
            "streamMetrics",
            "sums",
            "The same with sessions and activity as it changes, as Server-Sent Events.",
        ),
        &[(200, Answer::Text("text/event-stream"))],
    )
    .by(Access::TokenOrCookie)
    .asking(Query::Numbers(&["hours", "interval"]))
    .with_problems(),
    past(
        "/api/history",
        ("history", "history", "Events that are kept."),
        &[(200, Answer::Json("server.history.page"))],
    ),
    past(
        "/api/search",
        ("search", "search", "Lines that panes printed."),
        &[(200, Answer::Json("server.search.page"))],
    ),
    past(
        "/api/screen",
        ("pastScreen", "screen", "A pane as it was."),
        &[(200, Answer::Json("server.screen"))],
    ),
    past(
        "/api/digest",
        ("digest", "digest", "What agents did."),
        &[(200, Answer::Json("server.digest"))],
    ),
    Operation::get(
        "/api/ticket",
        ("ticket", "entry", "A one-time ticket for a page."),
        &[(200, Answer::Json("http.ticket"))],
    )
    .by(Access::Token)
    .sent("post", None),
    Operation::get(
        "/api/session",
        ("whoIsIn", "entry", "Who the browser is."),
        &[(200, Answer::Json("http.browser_session"))],
    )
    .by(Access::TokenOrCookie),
    Operation::get(
        "/api/session",
        ("comeIn", "entry", "Lets a browser in by a code or a token."),
        &[(200, Answer::Json("http.browser_session"))],
    )
    .sent("post", Some("http.credential")),
    Operation::get(
        "/api/session",
        ("leave", "entry", "The browser leaves."),
        GONE,
    )
    .by(Access::TokenOrCookie)
    .sent("delete", None),
    Operation::get(
        "/api/browsers",
        ("browsers", "entry", "Browsers that are let in."),
        &[(200, Answer::Json("http.browsers"))],
    )
    .by(Access::TokenOrCookie),
    Operation::get(
        "/api/browsers/{id}",
        ("endBrowser", "entry", "Ends what a browser is let in by."),
        GONE,
    )
    .by(Access::TokenOrCookie)
    .sent("delete", None),
    Operation::get(
        "/api/push",
        ("push", "push", "Whether browsers are pushed to, and which."),
        &[(200, Answer::Json("http.push"))],
    )
    .by(Access::TokenOrCookie),
    Operation::get(
        "/api/push",
        ("subscribePush", "push", "Subscribes a browser."),
        &[(200, Answer::Json("http.push_subscribed"))],
    )
    .by(Access::TokenOrCookie)
    .sent("post", Some("http.push_subscription")),
    Operation::get(
        "/api/push/{id}",
        ("endPush", "push", "Ends a subscription."),
        GONE,
    )
    .by(Access::TokenOrCookie)
    .sent("delete", None),
    Operation::get(
        "/api/push/{id}/test",
        ("testPush", "push", "Sends a test."),
        &[(200, Answer::Json("http.push_test"))],
    )
    .by(Access::TokenOrCookie)
    .sent("post", None),
    Operation::get(
        "/api/openapi.json",
        ("openapi", "server", "This document."),
        &[(200, Answer::Json("http.document"))],
    ),
    Operation::get(
        "/api/asyncapi.json",
        ("asyncapi", "server", "What connects, as AsyncAPI 3."),
        &[(200, Answer::Json("http.document"))],
    ),
    Operation::get(
        "/healthz",
        ("health", "server", "Whether the program runs."),
        &[(200, Answer::Text(PLAIN))],
    ),
    Operation::get(
        "/readyz",
        ("readiness", "server", "Whether a tmux server is followed."),
        &[(200, Answer::Text(PLAIN)), (503, Answer::Text(PLAIN))],
    ),
    Operation::get(
        "/metrics",
        ("metrics", "server", "Figures for Prometheus."),
        &[(200, Answer::Text("application/openmetrics-text"))],
    )
    .by(Access::MaybeToken),
    Operation::get(
        "/monitor",
        ("monitor", "events", "The WebSocket of all that happens."),
        SOCKET,
    )
    .by(Access::MaybeToken),
    Operation::get(
        "/ws/terminal/{session}",
        ("terminal", "events", "The WebSocket of one pane."),
        SOCKET,
    )
    .by(Access::MaybeToken),
    Operation::get(
        "/",
        (
            "front",
            "pages",
            "The dashboard, and for programs what there is.",
        ),
        &[(200, Answer::Text(HTML)), (304, Answer::Nothing)],
    ),
    Operation::get(
        "/t/{session}",
        ("terminalPage", "pages", "One terminal."),
        PAGE,
    ),
    Operation::get(
        "/start",
        ("startPage", "pages", "How to connect a program."),
        PAGE,
    ),
    Operation::get(
        "/protocol",
        ("protocolPage", "pages", "A page to try the protocol."),
        PAGE,
    ),
    Operation::get(
        "/websocket-test",
        (
            "websocketTestPage",
            "pages",
            "The same under the name of old.",
        ),
        PAGE,
    ),
    Operation::get(
        "/assets/{folder}/{name}",
        ("asset", "pages", "What a page loads."),
        &[(200, Answer::Text("*/*")), (304, Answer::Nothing)],
    ),
    Operation::get(
        "/manifest.webmanifest",
        ("manifest", "pages", "The dashboard as an app."),
        &[
            (200, Answer::Text("application/manifest+json")),
            (304, Answer::Nothing),
        ],
    ),
    Operation::get(
        "/sw.js",
        ("worker", "pages", "The worker of that."),
        &[
            (200, Answer::Text("text/javascript")),
            (304, Answer::Nothing),
        ],
    ),
    Operation::get(
        "/icon.png",
        ("icon", "pages", "The icon of that."),
        &[(200, Answer::Text("image/png")), (304, Answer::Nothing)],
    ),
];

/// What a status means here.
pub(super) fn meaning(status: u16) -> &'static str {
    match status {
        101 => "It becomes a WebSocket.",
        204 => "It is done.",
        304 => "It has not changed.",
        503 => "Not yet.",
        _ => "What was asked for.",
    }
}
