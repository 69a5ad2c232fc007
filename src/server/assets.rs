//! Files that are part of the program, which pages load: under an address that changes with what they hold.
//!
//! `build.rs` lists and compresses them. Nothing is read from a disk, unless a setting names a folder, and an address is compared
//! with the names that there are, so no path leads anywhere else. All stand in one folder, which is named after the content of all: so a file
//! may name another one beside it, and gets the one that it was made with.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, Uri};
use axum::routing::get;
use tokio::task::spawn_blocking;
use tracing::debug;

use super::absent;
use super::app::App;
use super::content::{Content, digest};
use super::encoding::{Encoding, wanted};
use super::route::Route;
use super::rules::{Rules, Security};

/// A file that pages load.
struct Asset {
    /// As it is called in the repository.
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// Compressed, if that is smaller.
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All of them, by name.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The name of that folder while files are read from a disk.
const FROM_DISK: &str = "from-disk";

/// The folder below `/assets/` in which they are served.
static FOLDER: LazyLock<String> = LazyLock::new(|| folder(ASSETS));

impl Asset {
    fn encoded(&self, encoding: Encoding) -> Option<&'static [u8]> {
        match encoding {
            Encoding::Brotli => self.brotli,
            Encoding::Gzip => self.gzip,
        }
    }

    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let encoded = wanted(asked).find_map(|encoding| Some((encoding, self.encoded(encoding)?)));
        let (encoding, bytes) = match encoded {
            Some((encoding, bytes)) => (Some(encoding), bytes),
            None => (None, self.bytes),
        };
        let content = Content {
            content_type: self.content_type,
            body: Cow::Borrowed(bytes),
            security: Security::IMMUTABLE,
            encoding,
            varies_by: Some("accept-encoding"),
        };
        content.answer(asked)
    }
}

/// The name of a folder with these files.
fn folder(assets: &[Asset]) -> String {
    let all: Vec<u8> = assets
        .iter()
        .flat_map(|asset| format!("{} {}\n", asset.name, digest(asset.bytes)).into_bytes())
        .collect();
    digest(&all)
}

/// What pages load: our own, which behind a proxy may be of a listed origin. Scripts are asked for with it.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::unlisted(
        "/assets/{folder}/{name}",
        get(asset),
        Rules::DEFAULT,
    )]
}

/// The folder with all files, seen from a page of `/`.
pub(super) fn address(app: &App) -> String {
    match app.assets_dir() {
        Some(_) => format!("assets/{FROM_DISK}"),
        None => format!("assets/{}", *FOLDER),
    }
}

/// A file that is read now, for somebody who works on it: it is asked for anew each time.
async fn from_disk(
    folder: &std::path::Path,
    name: &str,
    asked: &HeaderMap,
) -> Option<Response<Body>> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = name.bytes().all(allowed) && !name.starts_with('.');
    let content_type = content_type(name).filter(|_| is_name)?;
    let path = folder.join(name);
    let read = spawn_blocking(move || std::fs::read(path)).await.ok()?;
    let bytes = read.inspect_err(|error| debug!(%error, name, "a file of a page is not there"));
    let content = Content {
        content_type,
        body: Cow::Owned(bytes.ok()?),
        security: Security {
            cache_control: "no-cache",
            ..Security::NO_PAGE
        },
        encoding: None,
        varies_by: None,
    };
    Some(content.answer(asked))
}

/// As what a file is served, by the end of its name; that of one that is in the program is the same.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    let has_ending = |asset: &&Asset| {
        asset
            .name
            .rsplit_once('.')
            .is_some_and(|(_, of)| of == ending)
    };
    ASSETS
        .iter()
        .find(has_ending)
        .map(|asset| asset.content_type)
}

async fn asset(
    State(app): State<App>,
    Path((folder, name)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response<Body> {
    if let Some(dir) = app.assets_dir() {
        let read = match folder == FROM_DISK {
            true => from_disk(dir, &name, &headers).await,
            false => None,
        };
        return match read {
            Some(answer) => answer,
            None => absent::nothing_here(&app, &uri, app.listing()),
        };
    }
    let found = ASSETS.iter().find(|asset| asset.name == name);
    match found.filter(|_| folder == *FOLDER) {
        Some(asset) => asset.answer(&headers),
        None => absent::nothing_here(&app, &uri, app.listing()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeSet;
    use std::fs;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn every_file_of_the_folders_that_pages_may_load_is_served() {
        let folders = ["/src/server/assets", "/clients/web/bundle"];
        let names = folders.iter().flat_map(|folder| {
            let entries = fs::read_dir(format!("{}{folder}", env!("CARGO_MANIFEST_DIR")));
            entries
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        });
        let is_loaded = |name: &String| !name.ends_with(".html") && name != "manifest.json";
        let there: BTreeSet<String> = names.filter(is_loaded).collect();
        let served = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(there, served);
        assert!(there.contains("start.css") && there.contains("protocol.js"));
    }

    #[test]
    fn compressed_files_are_the_same_and_smaller() {
        for asset in ASSETS {
            let mut unpacked = Vec::new();
            if let Some(mut packed) = asset.brotli {
                brotli::BrotliDecompress(&mut packed, &mut unpacked).unwrap();
                assert!(unpacked == asset.bytes, "{}", asset.name);
                assert!(packed.len() < asset.bytes.len(), "{}", asset.name);
            }
            let mut unpacked = Vec::new();
            if let Some(packed) = asset.gzip {
                let mut decoder = flate2::read::GzDecoder::new(packed);
                decoder.read_to_end(&mut unpacked).unwrap();
                assert!(unpacked == asset.bytes, "{}", asset.name);
            }
            let is_text = !asset.content_type.starts_with("image/");
            assert!(!is_text || asset.brotli.is_some(), "{}", asset.name);
        }
    }

    #[test]
    fn the_folder_is_named_after_all_that_is_in_it() {
        let asset = |name, bytes| Asset {
            name,
            content_type: "text/css",
            bytes,
            brotli: None,
            gzip: None,
        };
        let folders: BTreeSet<String> = [
            vec![asset("a", b"x"), asset("b", b"y")],
            vec![asset("a", b"x"), asset("b", b"z")],
            vec![asset("a", b"x"), asset("c", b"y")],
            vec![asset("a", b"x")],
        ]
        .iter()
        .map(|assets| folder(assets))
        .collect();
        assert_eq!(folders.len(), 4);
        assert_eq!(*FOLDER, folder(ASSETS));
    }
}
