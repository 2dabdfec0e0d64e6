//! Tests across crates: the adapters against the local cloud here, the real binary in `e2e/`, the built
//! functions under the Lambda runtime emulator in `rie/`.
