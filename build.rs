//! Packs what pages load into the program: compresses each file as the server may send it, and lists them in Rust. Packs what
//! the demo plays besides.
//!
//! It runs no Node: what is bundled is committed (clients/web/README.md).

#![allow(
    clippy::print_stdout,
    reason = "a build script speaks to cargo in this way"
)]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Where files are that pages load: those of the start page, and those that are bundled.
const FOLDERS: [&str; 2] = ["src/server/assets", "clients/web/bundle"];

/// What the demo plays: an agent, its version, and its states.
const RECORDINGS: [(&str, &str, &[&str]); 2] = [
    (
        "claude",
        "2.1.332",
        &[
            "long",
            "permission-bash",
            "permission-bash-refused",
            "usage-limit",
        ],
    ),
    ("codex", "0.171.0", &["error-500", "turn"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for entry in fs::read_dir(root.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let mut list = String::from("&[\n");
    for path in files {
        let Some(content_type) = content_type(&path)? else {
            continue;
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or("a file's name is no text")?;
        let bytes = fs::read(&path)?;
        let brotli = kept(&out, name, "br", &bytes, brotli(&bytes)?)?;
        let gzip = kept(&out, name, "gz", &bytes, gzip(&bytes)?)?;
        writeln!(
            list,
            "    Asset {{ name: {name:?}, content_type: {content_type:?}, bytes: include_bytes!({path:?}), \
             brotli: {brotli}, gzip: {gzip} }},"
        )?;
    }
    list.push_str("]\n");
    fs::write(out.join("assets.rs"), list)?;
    recordings(&root, &out)?;
    Ok(())
}

/// Compresses the recordings that the demo plays.
fn recordings(root: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    for (agent, version, states) in RECORDINGS {
        for state in states {
            let path = format!("fixtures/agents/{agent}-{version}/{state}.cast");
            println!("cargo::rerun-if-changed={path}");
            let bytes = fs::read(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
            fs::write(
                out.join(format!("demo-{agent}-{state}.cast.gz")),
                gzip(&bytes)?,
            )?;
        }
    }
    Ok(())
}

/// As what a file is served; `None` for what is there and not loaded by pages.
fn content_type(path: &Path) -> Result<Option<&'static str>, Box<dyn Error>> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("css") => Ok(Some("text/css; charset=utf-8")),
        Some("js") => Ok(Some("text/javascript; charset=utf-8")),
        Some("png") => Ok(Some("image/png")),
        Some("svg") => Ok(Some("image/svg+xml")),
        Some("txt") => Ok(Some("text/plain; charset=utf-8")),
        Some("html" | "json") => Ok(None),
        _ => Err(format!(
            "build.rs does not know as what {} is served",
            path.display()
        )
        .into()),
    }
}

/// The compressed bytes as an expression, if they are worth it.
fn kept(
    out: &Path,
    name: &str,
    ending: &str,
    whole: &[u8],
    compressed: Vec<u8>,
) -> Result<String, Box<dyn Error>> {
    if compressed.len() >= whole.len() {
        return Ok("None".to_owned());
    }
    let path = out.join(format!("{name}.{ending}"));
    fs::write(&path, compressed)?;
    Ok(format!("Some(include_bytes!({path:?}))"))
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    // Without a time or a name in its head, so that the same file always gives the same bytes.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
