//! Web Push: who may subscribe, what a browser is told and when, and what becomes of it at the push service.

mod program;
mod routes;
mod sending;
mod stage;
mod telling;
