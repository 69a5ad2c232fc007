//! Browsers: how they come in by a code or a token, what their cookie is good for, and that it ends with what they came by.

mod address;
mod base;
mod coming;
mod ending;
mod listed;
pub mod stage;
