//! The aims of economy: four round trips to the first full look, one for each later one, and one where tabs are asked for.

use inboxed::lab::mailbox::Character;

use crate::cost::measure;

#[test]
fn four_round_trips_lead_to_the_first_full_look_and_each_later_one_costs_one() {
    let cost = measure(Character::Plain, 8, 100);
    assert_eq!((cost.sessions, cost.peak), (8, 8), "one session for each seed: {cost:?}");
    assert!(cost.first_trips <= 4, "{cost:?}");
    assert!(cost.first_bytes < 10_000 && cost.look_bytes < 10_000, "{cost:?}");
    assert!(cfg!(not(target_os = "linux")) || cost.resident > 0, "{cost:?}");
    assert!(cost.looks >= 8 && (cost.look_trips - 1.0).abs() < f64::EPSILON, "{cost:?}");
}

#[test]
fn gmails_tabs_cost_one_round_trip_more_and_only_while_they_are_not_known() {
    let cost = measure(Character::Gmail, 8, 100);
    assert!(cost.first_trips <= 4, "{cost:?}");
    assert!(cost.look_trips > 1.0 && cost.look_trips <= 2.0, "{cost:?}");
}

#[test]
fn with_fewer_connections_than_seeds_each_look_costs_four_round_trips_and_the_limit_is_kept() {
    let cost = measure(Character::Plain, 9, 2);
    assert!(cost.peak <= 2, "{cost:?}");
    assert!(cost.first_trips <= 4 && cost.look_trips <= 4.0, "{cost:?}");
}
