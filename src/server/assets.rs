//! Files that are part of the program: what pages load, under names that change with the content, and pages themselves.
//!
//! Nothing is read from a disk, and an address is compared with the names that there are, so no path leads anywhere else.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;

use super::absent;
use super::app::App;
use super::content::{Content, digest};
use super::route::Route;
use super::rules::{Origins, Rules, Security};

/// A file that pages load.
struct Asset {
    /// As it is called in the repository.
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// All of them. What is put here is served.
static ASSETS: [Asset; 1] = [Asset {
    name: "start.css",
    content_type: "text/css; charset=utf-8",
    bytes: include_bytes!("assets/start.css"),
}];

/// The names under which they are served, in the same order.
static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| ASSETS.iter().map(Asset::hashed_name).collect());

impl Asset {
    /// Its name with a hash of its content before the ending: `start.0123456789abcdef.css`.
    fn hashed_name(&self) -> String {
        let hash = digest(self.bytes);
        match self.name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
            None => format!("{}.{hash}", self.name),
        }
    }
}

/// What pages load. Only our own pages do.
pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        origins: Origins::Own,
        ..Rules::DEFAULT
    };
    vec![Route::unlisted("/assets/{name}", get(asset), rules)]
}

/// Where a page of `/` finds a file, seen from there; `None` if there is no such file.
pub(super) fn address(name: &str) -> Option<String> {
    let known = ASSETS.iter().zip(NAMES.iter());
    let mut found = known.filter(|(asset, _)| asset.name == name);
    found.next().map(|(_, hashed)| format!("assets/{hashed}"))
}

async fn asset(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let mut known = ASSETS.iter().zip(NAMES.iter());
    match known.find(|(_, hashed)| **hashed == name) {
        Some((asset, _)) => {
            let content = Content {
                content_type: asset.content_type,
                body: Cow::Borrowed(asset.bytes),
                security: Security::IMMUTABLE,
                is_negotiated: false,
            };
            content.answer(&headers)
        }
        None => absent::nothing_here(State(app)).await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_style_sheet_of_the_folder_is_served_under_a_name_of_its_content() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/assets");
        let names = fs::read_dir(folder).unwrap().map(|entry| {
            let name = entry.unwrap().file_name();
            name.into_string().unwrap()
        });
        let there: BTreeSet<String> = names.filter(|name| !name.ends_with(".html")).collect();
        let served = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(there, served);
        let [sheet] = &ASSETS;
        let changed = Asset {
            bytes: b"x",
            ..*sheet
        };
        assert_ne!(sheet.hashed_name(), changed.hashed_name());
        assert_eq!(address("start.css"), Some(format!("assets/{}", NAMES[0])));
        assert_eq!(address("start.html"), None);
    }
}
