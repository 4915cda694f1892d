//! What a phone and its line cost while they are only configured.

use serde_json::{Value, json};
use strowger_configuration::{Entry, Id, Kind, Operation, State, kinds};

/// Short texts lie within.
#[test]
fn objects_are_small() {
    fn check<T>(what: &str, most: usize) {
        assert!(size_of::<T>() <= most, "{what} has {} bytes, {most} are allowed", size_of::<T>());
    }
    check::<kinds::Phone>("a phone", 216);
    check::<kinds::LineButton>("a line of a phone", 88);
    check::<kinds::Line>("a line", 200);
    check::<Entry>("an entry", 64);
}

/// With everything that is usual, and with the maps in which they are found. What the allocator takes counts: it is the memory
/// that the process has got from the system.
#[test]
fn a_phone_with_its_line_stays_below_two_kibibytes() {
    const PAIRS: u128 = 10_000;
    const MOST: u64 = 2048;
    let common = common();
    let pairs: Vec<Operation> = (0..PAIRS).flat_map(pair).collect();
    let state = State::default().changed(&common).unwrap();
    let before = resident().unwrap();
    let state = state.changed(&pairs).unwrap();
    let each = (resident().unwrap() - before) / u64::try_from(PAIRS).unwrap();
    assert_eq!(state.len(), 20_007);
    assert!(
        (400..=MOST).contains(&each),
        "a phone and its line take {each} bytes, at most {MOST} are allowed"
    );
}

/// Bytes of memory that the process has (proc(5), `statm`).
#[expect(clippy::disallowed_methods, reason = "only the system knows")]
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn id(kind: u128, number: u128) -> Id {
    Id::from_random((kind * 1_000_003 + number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn put(kind: Kind, object: Id, value: &Value) -> Operation {
    Operation { kind, object, before: None, after: Some(value.to_string().into()) }
}

fn common() -> [Operation; 7] {
    let partition = id(0, 1).to_string();
    [
        put(Kind::Partition, id(0, 1), &json!({ "name": "internal" })),
        put(Kind::CallingSearchSpace, id(0, 2), &json!({ "name": "line", "partitions": [partition] })),
        put(Kind::CallingSearchSpace, id(0, 3), &json!({ "name": "device", "partitions": [partition] })),
        put(Kind::DevicePool, id(0, 4), &json!({ "name": "pool" })),
        put(Kind::PhoneSecurityProfile, id(0, 5), &json!({ "name": "digest" })),
        put(Kind::SipProfile, id(0, 6), &json!({ "name": "usual" })),
        put(
            Kind::PhoneButtonTemplate,
            id(0, 7),
            &json!({ "name": "7961", "buttons": [{ "feature": "line" }] }),
        ),
    ]
}

fn pair(number: u128) -> [Operation; 2] {
    let common = |number| id(0, number).to_string();
    let line = json!({
        "pattern": (1_000_000 + number).to_string(),
        "partition": common(1),
        "description": format!("Desk of person {number}"),
        "display": format!("Person {number}"),
        "search_space": common(2),
        "external_mask": "+4930123XXXXXXX",
    });
    let phone = json!({
        "name": format!("SEP{number:012X}"),
        "description": format!("Phone of person {number}"),
        "model": "7961",
        "device_pool": common(4),
        "search_space": common(3),
        "lines": [{ "line": id(1, number).to_string(), "label": format!("Person {number}") }],
        "credentials": { "secret": "sealed:".to_owned() + &"x".repeat(72) },
        "security_profile": common(5),
        "sip_profile": common(6),
        "button_template": common(7),
    });
    [put(Kind::Line, id(1, number), &line), put(Kind::Phone, id(2, number), &phone)]
}
