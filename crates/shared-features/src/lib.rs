//! Nothing to call. The encoder's build script runs the network crate, and the programs contain it; Cargo
//! works out the features of the two apart from each other and would compile tract a second time because
//! some small crate below it lacks a feature in one of them. The manifest of this crate asks for what the
//! two differ in, so that each is compiled once.
