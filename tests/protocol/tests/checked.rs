//! Every interleaving of small runs, and a counterexample for each deliberate mistake.

use std::time::Instant;

use lookalike_protocol::{Defect, Left, Protocol};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// Two batches and a collector, any of which may sleep.
fn batches() -> Protocol {
    Protocol {
        batches: 2,
        rebuilds: 0,
        collectors: 1,
        has_reader: false,
        left: Left::default(),
        max_generation: 4,
        defect: None,
    }
}

/// A batch that crashes, whose answers are lost, and whose upload arrives twice.
fn faults() -> Protocol {
    Protocol {
        batches: 1,
        left: Left {
            crashes: 1,
            lost_answers: 1,
            echoes: 1,
            ..Left::default()
        },
        max_generation: 4,
        ..batches()
    }
}

/// A batch and two collectors.
fn collectors() -> Protocol {
    Protocol {
        batches: 1,
        collectors: 2,
        max_generation: 4,
        ..batches()
    }
}

/// A batch and a collector, with a release in between that does not know the list.
fn earlier_release() -> Protocol {
    Protocol {
        batches: 1,
        left: Left {
            earlier_releases: 1,
            ..Left::default()
        },
        max_generation: 6,
        ..batches()
    }
}

/// Two rebuilds that take the lease from each other, a collector and a reader.
fn rebuilds() -> Protocol {
    Protocol {
        batches: 0,
        rebuilds: 2,
        has_reader: true,
        left: Left {
            ages: 1,
            ..Left::default()
        },
        max_generation: 5,
        ..batches()
    }
}

/// A rebuild, and an operator who goes back to the generation before.
fn rollbacks() -> Protocol {
    Protocol {
        batches: 0,
        rebuilds: 1,
        has_reader: true,
        left: Left {
            ages: 1,
            rollbacks: 1,
            ..Left::default()
        },
        max_generation: 7,
        ..batches()
    }
}

fn check(name: &str, protocol: Protocol) {
    let begun = Instant::now();
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    let (states, took) = (checker.unique_state_count(), begun.elapsed());
    println!("{name}: {states} states in {:.1} s", took.as_secs_f64());
    for property in checker.model().properties() {
        match property.expectation {
            Expectation::Always => checker.assert_no_discovery(property.name),
            _ => _ = checker.assert_any_discovery(property.name),
        }
    }
}

#[test]
fn batches_lose_nothing() {
    check("batches", batches());
}

#[test]
fn faults_lose_nothing() {
    check("faults", faults());
}

#[test]
fn two_collectors_lose_nothing() {
    check("collectors", collectors());
}

#[test]
fn an_earlier_release_loses_nothing() {
    check("earlier release", earlier_release());
}

#[test]
fn rebuilds_lose_nothing_and_readers_find_their_segments() {
    check("rebuilds", rebuilds());
}

#[test]
fn rollbacks_publish_only_what_is_there() {
    check("rollbacks", rollbacks());
}

/// Expects that the checker finds the mistake, by breaking this property.
fn expect_found(defect: Defect, broken: &'static str, protocol: Protocol) {
    let protocol = Protocol {
        defect: Some(defect),
        ..protocol
    };
    let found = HasDiscoveries::AnyOf([broken].into());
    let checker = protocol.checker().threads(2).finish_when(found);
    let path = checker.spawn_bfs().join().assert_any_discovery(broken);
    let actions = path.into_actions();
    println!("{defect:?}: {broken:?} is broken by {actions:?}");
}

#[test]
fn each_mistake_is_found() {
    let gone = "every named segment is there";
    expect_found(Defect::CollectWithoutDoom, gone, batches());
    expect_found(Defect::SwapWithoutFence, gone, batches());
    expect_found(Defect::ForgetWatermark, gone, batches());
    expect_found(Defect::SameId, gone, batches());
    expect_found(Defect::TrustEarlierRelease, gone, earlier_release());
    let rollback_of_a_batch = Protocol {
        batches: 1,
        max_generation: 9,
        ..rollbacks()
    };
    expect_found(Defect::RestoreLists, gone, rollback_of_a_batch);
    expect_found(
        Defect::DoomRetired,
        "readers find their segments",
        rebuilds(),
    );
    expect_found(Defect::IgnoreLease, "a lease has one effect", rebuilds());
    expect_found(Defect::SwapBlindly, "no published edit is lost", batches());
}
