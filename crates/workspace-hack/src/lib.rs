//! Nothing to call. The encoder's build script runs the network crate, and the programs contain it; Cargo
//! works out the features of the two apart from each other and would compile tract a second time because
//! some small crate below it lacks a feature in one of them. The manifest of this crate asks for what the
//! two differ in, so that in the dev profile, which builds scripts and programs alike, each is compiled
//! once. A dependency that asks for more makes it miss; nothing breaks then, building takes minutes longer.

#![forbid(unsafe_code)]
