//! `GET /api/openapi.json` and `/api/asyncapi.json`: what there is to ask for and to connect to, for programs.

use axum::routing::get;
use bytes::Bytes;

use super::answer::body;
use crate::server::route::Route;
use crate::server::rules::{Cors, Rules};
use crate::wire::api_document::{asyncapi, openapi};

/// Anybody may read them: they say what every muxwire of this version is, and nothing of this one.
const DOCUMENT: Rules = Rules {
    cors: Some(Cors {
        methods: "GET",
        headers: "authorization",
    }),
    ..Rules::DEFAULT
};

/// What makes a document.
type Make = fn() -> Bytes;

pub(super) fn routes() -> Vec<Route> {
    let rows: [(&str, Make, &str); 2] = [
        ("/api/openapi.json", openapi, "all routes, as OpenAPI 3.1"),
        (
            "/api/asyncapi.json",
            asyncapi,
            "what connects, as AsyncAPI 3",
        ),
    ];
    let route = |(path, document, about): (&'static str, Make, &'static str)| {
        let handler = move || async move { body("application/json", document()) };
        Route::new(path, (path, about), get(handler), DOCUMENT)
    };
    rows.map(route).into()
}
