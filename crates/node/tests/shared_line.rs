//! A line on two phones, through the whole node: each proves itself, dials and goes by itself.

#[path = "support/world.rs"]
mod world;

use std::sync::Arc;

use strowger_base::Secret;
use strowger_base::journal::{OriginView, TargetView};
use strowger_node::configuration::{Line, LineSecret, PartitionDraft, PhoneDraft, SearchSpaceDraft};
use strowger_node::io::{Answer, Question, StoreRecord};
use strowger_node::{Draft, Input};
use world::{Phone, World, draft, parameters};

/// Line 1001 stands on a desk phone that may call outside and on one in the lobby that may not.
fn shared() -> Draft {
    let mut draft = draft();
    draft.plan.partitions.push(PartitionDraft { name: "outside".into(), ..PartitionDraft::default() });
    let space = SearchSpaceDraft { name: "all".into(), partitions: vec!["outside".into()] };
    draft.plan.search_spaces.push(space);
    draft.plan.routes[0].pattern.partition = "outside".into();
    let phone = |name: &str, space: &str| PhoneDraft {
        username: Some(name.into()),
        device_search_space: space.into(),
        ..PhoneDraft::new(name, LineSecret::Password(Secret::new(format!("of the {name}").into())))
    };
    draft.lines[0] = Line::on("1001", "Alice", vec![phone("desk", "all"), phone("lobby", "")]);
    draft
}

fn phone(name: &str, address: &str) -> Phone {
    let mut phone = Phone::new("1001", address);
    (phone.user, phone.password) = (name.to_owned(), format!("of the {name}"));
    phone
}

/// Both phones of the line and Bob's, registered.
fn registered(world: &mut World) -> (Phone, Phone, Phone) {
    let (mut desk, mut lobby) = (phone("desk", "192.0.2.10:5060"), phone("lobby", "192.0.2.11:5060"));
    lobby.cseq_from(100);
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut desk, &mut lobby, &mut bob] {
        world.register(phone);
    }
    (desk, lobby, bob)
}

/// Names of the registered phones with their lines.
fn phones(world: &mut World) -> Vec<(String, Option<String>)> {
    let Answer::Phones { phones, .. } = world.ask(Question::Phones { after: "".into() }) else { panic!() };
    phones.iter().map(|it| (it.line.to_string(), it.phone.as_deref().map(str::to_owned))).collect()
}

#[test]
fn both_phones_ring_and_each_dials_what_it_may() {
    let mut world = World::new(&shared());
    let (mut desk, mut lobby, mut bob) = registered(&mut world);
    world.invite(&mut bob, "1001");
    let invites = [world.expect(&desk, "INVITE sip:1001@"), world.expect(&lobby, "INVITE sip:1001@")];
    for (phone, invite) in [&desk, &lobby].into_iter().zip(&invites) {
        world.from(phone.address, &phone.respond(invite, "486 Busy Here", ""));
        world.expect(phone, "ACK ");
    }
    let busy = world.expect(&bob, "SIP/2.0 486 ");
    world.from(bob.address, &bob.acknowledge(&busy));
    // The lobby may call inside, but not outside.
    let refused = {
        world.invite(&mut lobby, "0123");
        world.expect(&lobby, "SIP/2.0 404 ")
    };
    world.from(lobby.address, &lobby.acknowledge(&refused));
    world.invite(&mut desk, "0123");
    let (destination, invite) = world.sent.pop_front().unwrap();
    assert!(
        destination.to_string() == "192.0.2.99:5060" && invite.starts_with("INVITE sip:0123@"),
        "{invite}"
    );
    let carrier = Phone::new("carrier", "192.0.2.99:5060");
    world.from(carrier.address, &carrier.respond(&invite, "486 Busy Here", ""));
    world.expect(&carrier, "ACK ");
    let busy = world.expect(&desk, "SIP/2.0 486 ");
    world.from(desk.address, &desk.acknowledge(&busy));
    let calls = world.calls();
    let rung = calls[0].legs.iter().map(|leg| match leg.target {
        TargetView::Phone { line, phone, .. } => (line, phone),
        TargetView::Trunk(_) | TargetView::Service(_) => ("no", "phone"),
    });
    assert_eq!(rung.collect::<Vec<_>>(), [("1001", "desk"), ("1001", "lobby")]);
    let origins: Vec<_> = calls.iter().map(|call| call.origin).collect();
    let of = |line, phone| OriginView::Line { line, phone };
    assert_eq!(origins, [of("1002", ""), of("1001", "lobby"), of("1001", "desk")]);
    world.settled();
}

#[test]
fn a_phone_that_leaves_the_line_is_gone_at_once_and_the_other_one_stays() {
    let mut world = World::new(&shared());
    registered(&mut world);
    let both = [("1001", Some("desk")), ("1001", Some("lobby")), ("1002", None)];
    let own = |list: &[(&str, Option<&str>)]| -> Vec<_> {
        list.iter().map(|(line, phone)| ((*line).to_owned(), phone.map(str::to_owned))).collect()
    };
    assert_eq!(phones(&mut world), own(&both));
    let mut without = shared();
    without.lines[0].phones.remove(0);
    let configuration = without.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(Input::Configure(Arc::new(configuration)));
    assert_eq!(phones(&mut world), own(&both[1..]));
    assert!(matches!(world.stored.last(), Some(StoreRecord::Unbound(_))), "{:?}", world.stored);
    // It cannot come back, nor with the password of the other one.
    let mut desk = phone("desk", "192.0.2.10:5060");
    let request = desk.request("REGISTER", "", "");
    world.from(desk.address, &request);
    let challenge = world.expect(&desk, "SIP/2.0 401 ");
    let authorization = desk.authorization(&challenge, "REGISTER");
    let request = desk.request("REGISTER", &authorization, "");
    world.from(desk.address, &request);
    world.expect(&desk, "SIP/2.0 403 ");
}

#[test]
fn registrations_survive_a_restart_with_their_phones() {
    let mut world = World::new(&shared());
    registered(&mut world);
    let stored: Vec<_> = world.stored.drain(..).collect();
    let mut without = shared();
    without.lines[0].phones.remove(0);
    let mut world = World::with(parameters(&without));
    for record in stored {
        if let StoreRecord::Bound(record) = record {
            world.input(Input::Restore(record));
        }
    }
    let expect = [("1001".to_owned(), Some("lobby".to_owned())), ("1002".to_owned(), None)];
    assert_eq!(phones(&mut world), expect);
}
