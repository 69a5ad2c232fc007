//! Which compression a client takes, by its `Accept-Encoding`.

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};

use super::headers::{quality, words};

/// A way in which a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// As `Content-Encoding` names it.
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }
}

/// What a client takes besides what is not compressed, the best first: what it wants most, and of two that it wants
/// alike the one that is smaller.
pub(super) fn wanted(headers: &HeaderMap) -> impl Iterator<Item = Encoding> {
    let [brotli, gzip] = [Encoding::Brotli, Encoding::Gzip].map(|one| (one, wish(headers, one)));
    let ordered = match gzip.1 > brotli.1 {
        true => [gzip, brotli],
        false => [brotli, gzip],
    };
    let taken = ordered.into_iter().filter(|(_, wish)| *wish > 0.0);
    taken.map(|(encoding, _)| encoding)
}

/// How much a client wants an encoding: by its name, else as any other.
fn wish(headers: &HeaderMap, encoding: Encoding) -> f32 {
    let of = |wanted: &str| {
        words(headers, &ACCEPT_ENCODING).find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?;
            name.eq_ignore_ascii_case(wanted).then(|| quality(parts))
        })
    };
    of(encoding.name()).or_else(|| of("*")).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_client_gets_what_it_takes_and_wants_most() {
        use Encoding::{Brotli, Gzip};
        let rows: [(&[&str], &[Encoding]); 16] = [
            (&[], &[]),
            (&[""], &[]),
            (&["identity"], &[]),
            (&["gzip, deflate, br, zstd"], &[Brotli, Gzip]),
            (&["gzip", "br"], &[Brotli, Gzip]),
            (&["gzip, deflate"], &[Gzip]),
            (&["GZIP"], &[Gzip]),
            (&["br;q=0.5, gzip"], &[Gzip, Brotli]),
            (&["br;q=0.5, gzip;q=0.5"], &[Brotli, Gzip]),
            (&["br;q=0, gzip"], &[Gzip]),
            (&["br;q=x, gzip;q=0.000"], &[]),
            (&["*"], &[Brotli, Gzip]),
            (&["*;q=0.1, gzip"], &[Gzip, Brotli]),
            (&["*, br;q=0"], &[Gzip]),
            (&["*;q=0"], &[]),
            (&["brotli, xgzip"], &[]),
        ];
        for (accepted, expected) in rows {
            let mut headers = HeaderMap::new();
            for value in accepted {
                headers.append(ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(
                wanted(&headers).collect::<Vec<_>>(),
                expected,
                "{accepted:?}"
            );
        }
    }
}
