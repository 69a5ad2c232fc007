//! Tests of the whole, one module a topic.
