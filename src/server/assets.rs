//! Files that are part of the program, which pages load: under an address that changes with what they hold.
//!
//! `build.rs` lists and compresses them. Nothing is read from a disk, and an address is compared with the names that there
//! are, so no path leads anywhere else. All stand in one folder, which is named after the content of all: so a file
//! may name another one beside it, and gets the one that it was made with.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, Uri};
use axum::routing::get;

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
pub(super) fn address() -> String {
    format!("assets/{}", *FOLDER)
}

async fn asset(
    State(app): State<App>,
    Path((folder, name)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response<Body> {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    match found.filter(|_| folder == *FOLDER) {
        Some(asset) => asset.answer(&headers),
        None => absent::nothing_here(State(app), uri).await,
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
        assert_eq!(address(), format!("assets/{}", folder(ASSETS)));
    }
}
