//! The pages that are programs: the dashboard, one terminal to embed, and one to try the protocol by hand.
//!
//! Their source is `clients/web`, and they are committed as they are served. What is in a page differs by an address, a version and
//! a nonce; what a browser may do with it stands in [`Security`].

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use data_encoding::BASE64URL_NOPAD;
use tracing::warn;

use super::app::{App, visitor};
use super::content::{answer_page, prefers_html};
use super::front;
use super::route::Route;
use super::rules::{Origins, PolicyNames, Rules, Security};
use super::{absent, assets};

/// A page that is a program.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// The page, with names in double braces for what differs.
    html: &'static str,
    /// From where it is served to the folder that [`assets::address`] is in.
    root: &'static str,
    security: Security,
    /// The header by which the same address answers otherwise.
    varies_by: Option<&'static str>,
}

const DASHBOARD: Page = Page {
    html: include_str!("../../clients/web/pages/dashboard.html"),
    root: "",
    security: Security::DASHBOARD,
    varies_by: Some("accept"),
};
const TERMINAL: Page = Page {
    root: "../",
    security: Security::TERMINAL,
    varies_by: None,
    ..DASHBOARD
};
const PROTOCOL: Page = Page {
    html: include_str!("../../clients/web/pages/protocol.html"),
    root: "",
    security: Security::PROGRAM,
    varies_by: None,
};

/// Random bytes of a nonce.
const NONCE: usize = 16;

/// The pages, under their names and those by which people look for them.
pub(super) fn routes() -> Vec<Route> {
    // A browser that goes to one says no origin. No other page has a use for them.
    let rules = Rules {
        origins: Origins::Own,
        ..Rules::DEFAULT
    };
    let dashboard = ("/", "the dashboard, for browsers");
    let terminal = ("/t/SESSION", "one terminal, for a page to embed");
    let protocol = ("/protocol", "a page to try the protocol with, for browsers");
    vec![
        // Others get the front of the server here, wherever they come from.
        Route::new("/", dashboard, get(dashboard_or_front), Rules::DEFAULT),
        Route::new("/t/{session}", terminal, get(page(TERMINAL)), rules),
        Route::new("/protocol", protocol, get(page(PROTOCOL)), rules),
        Route::unlisted("/websocket-test", get(page(PROTOCOL)), rules),
    ]
}

fn page(
    page: Page,
) -> impl Fn(State<App>, Request) -> std::future::Ready<Response<Body>> + Clone + Send + Sync + 'static
{
    move |State(app), request| std::future::ready(page.answer(&app, &request))
}

async fn dashboard_or_front(State(app): State<App>, request: Request) -> Response<Body> {
    match prefers_html(request.headers()) {
        true => DASHBOARD.answer(&app, &request),
        false => front::greeting(&app, &request),
    }
}

impl Page {
    fn answer(self, app: &App, request: &Request) -> Response<Body> {
        let Some(names) = names(app, request) else {
            let why = "no page can be made now; the log says why\n".to_owned();
            return absent::text(StatusCode::INTERNAL_SERVER_ERROR, why);
        };
        let base = app.base().as_str();
        // Where the path is known, pages need not rely on how their own address is written.
        let root = match base {
            "" => self.root.to_owned(),
            base => format!("{base}/"),
        };
        let assets = format!("{root}{}", assets::address(app));
        let page = self
            .html
            .replace("{{assets}}", &assets)
            .replace("{{root}}", &root)
            .replace("{{base}}", base)
            .replace("{{version}}", env!("CARGO_PKG_VERSION"));
        let how = (self.security, self.varies_by);
        answer_page(&page, names, how, request.headers())
    }
}

/// What the policy of a page names.
fn names(app: &App, request: &Request) -> Option<PolicyNames> {
    let mut nonce = [0; NONCE];
    if let Err(error) = getrandom::fill(&mut nonce) {
        warn!(%error, "a page has no nonce");
        return None;
    }
    let host = visitor(request).host;
    Some(PolicyNames {
        nonce: BASE64URL_NOPAD.encode(&nonce),
        ancestors: app.frame_ancestors().to_owned(),
        sockets: host.map_or_else(String::new, |host| format!("ws://{host} wss://{host}")),
    })
}
