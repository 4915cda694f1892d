//! Two companies with the same numbers in partitions of their own, through the whole node.

#[path = "support/world.rs"]
mod world;

use std::sync::Arc;

use strowger_base::Secret;
use strowger_base::journal::{Decision, DestinationView, Entry, OriginView, Registration, TargetView};
use strowger_node::configuration::{Line, LineSecret, PartitionDraft, PhoneDraft, SearchSpaceDraft};
use strowger_node::io::{Answer, PhoneView, Question, StoreRecord};
use strowger_node::{Draft, Input};
use world::{Phone, World, draft, parameters};

/// Companies A and B, each with lines 1001 and 1002; B alone has 1003.
fn tenants() -> Draft {
    let mut draft = Draft { lines: vec![], ..draft() };
    for company in ["A", "B"] {
        draft.plan.partitions.push(PartitionDraft { name: company.into(), ..PartitionDraft::default() });
        let space =
            SearchSpaceDraft { name: format!("of {company}").into(), partitions: vec![company.into()] };
        draft.plan.search_spaces.push(space);
    }
    for (number, company) in [("1001", "A"), ("1002", "A"), ("1001", "B"), ("1002", "B"), ("1003", "B")] {
        let name = format!("{company}{number}");
        let secret = LineSecret::Password(Secret::new(name.as_str().into()));
        let mut line =
            Line::on(number, &format!("{number} of {company}"), vec![PhoneDraft::new(&name, secret)]);
        (line.partition, line.search_space) = (company.into(), format!("of {company}").into());
        draft.lines.push(line);
    }
    draft
}

fn phone(company: &str, number: &str) -> Phone {
    let host = if company == "A" { 10 } else { 20 };
    let mut phone = Phone::new(number, &format!("192.0.2.{host}:{number}"));
    phone.password = format!("{company}{number}");
    // Two phones may choose the same Call-ID only if they are one.
    phone.cseq_from(host * 10);
    phone
}

/// Lines of the registered phones, with the phones.
fn phones(world: &mut World) -> Vec<(String, String)> {
    let Answer::Phones { phones, .. } = world.ask(Question::Phones { after: "".into() }) else { panic!() };
    let phone = |it: &PhoneView| it.phone.as_deref().unwrap_or_default().to_owned();
    phones.iter().map(|it| (it.shown.to_string(), phone(it))).collect()
}

#[test]
fn each_calls_its_own() {
    let mut world = World::new(&tenants());
    let mut all = [phone("A", "1001"), phone("A", "1002"), phone("B", "1001"), phone("B", "1002")];
    all.iter_mut().for_each(|phone| world.register(phone));
    let mut third = phone("B", "1003");
    world.register(&mut third);
    let own = |list: &[(&str, &str)]| -> Vec<_> {
        list.iter().map(|(line, phone)| ((*line).to_owned(), (*phone).to_owned())).collect()
    };
    // A partition is told where the number is not enough.
    assert_eq!(
        phones(&mut world),
        own(&[
            ("1001 in A", "A1001"),
            ("1001 in B", "B1001"),
            ("1002 in A", "A1002"),
            ("1002 in B", "B1002"),
            ("1003", "B1003"),
        ])
    );
    let [a1, a2, b1, b2] = &mut all;
    for (caller, called, shown) in
        [(a1, &*a2, "1001 of A"), (b1, &*b2, "1001 of B"), (&mut third, &*b2, "1003 of B")]
    {
        world.invite(caller, "1002");
        let invite = world.expect(called, "INVITE sip:1002@");
        let from = world::header(&invite, "From");
        assert!(from.starts_with(&format!("\"{shown}\" <sip:{}@strowger.test>", caller.number)), "{from}");
        world.silent();
        world.from(called.address, &called.respond(&invite, "486 Busy Here", ""));
        world.expect(called, "ACK ");
        let busy = world.expect(caller, "SIP/2.0 486 ");
        world.from(caller.address, &caller.acknowledge(&busy));
    }
    // Nobody in A has it.
    world.invite(&mut all[0], "1003");
    let refused = world.expect(&all[0], "SIP/2.0 404 ");
    world.from(all[0].address, &all[0].acknowledge(&refused));
    let calls = world.calls();
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            let OriginView::Line { line, .. } = call.origin else { panic!() };
            let rung = call.legs.first().map_or("nobody", |leg| match leg.target {
                TargetView::Phone { line, .. } => line,
                TargetView::Trunk(_) | TargetView::Service(_) => "elsewhere",
            });
            (line, call.calling.number, rung, call.final_called)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("1001 in A", "1001", "1002 in A", "1002"),
            ("1001 in B", "1001", "1002 in B", "1002"),
            ("1003 in B", "1003", "1002 in B", "1002"),
            ("1001 in A", "1001", "nobody", ""),
        ]
    );
    let resolved: Vec<_> = world
        .records()
        .iter()
        .filter_map(|record| match record.entry {
            Entry::Decision(Decision::NumberResolved {
                destination: DestinationView::Line(line), ..
            }) => Some(line.to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(resolved, ["1002 in A", "1002 in B", "1002 in B"]);
    world.settled();
}

#[test]
fn a_partition_with_another_name_and_a_restart_keep_registrations() {
    let mut world = World::new(&tenants());
    for (company, number) in [("A", "1001"), ("B", "1001"), ("B", "1003")] {
        world.register(&mut phone(company, number));
    }
    let mut renamed = tenants();
    renamed.plan.partitions[1].name = "C".into();
    renamed.plan.search_spaces[1].partitions = vec!["C".into()];
    renamed
        .lines
        .iter_mut()
        .filter(|line| &*line.partition == "B")
        .for_each(|line| line.partition = "C".into());
    let configuration = renamed.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(Input::Configure(Arc::new(configuration)));
    let expect = [("1001 in A", "A1001"), ("1001 in C", "B1001"), ("1003", "B1003")]
        .map(|(line, phone)| (line.to_owned(), phone.to_owned()));
    assert_eq!(phones(&mut world), expect);
    let mut caller = phone("B", "1003");
    caller.cseq_from(900);
    world.invite(&mut caller, "1001");
    world.expect(&phone("B", "1001"), "INVITE sip:1001@");
    world.silent();
    let ended = world
        .records()
        .into_iter()
        .any(|record| matches!(record.entry, Entry::Registration(Registration::Unregistered { .. })));
    assert!(!ended, "nobody was unregistered");
    let stored: Vec<_> = world.stored.drain(..).collect();
    let mut again = World::with(parameters(&renamed));
    let mut last = std::collections::BTreeMap::new();
    for record in stored {
        match record {
            StoreRecord::Bound(record) => _ = last.insert(record.binding, record),
            StoreRecord::Unbound(binding) => _ = last.remove(&binding),
            StoreRecord::NumbersReserved(_) | StoreRecord::Mailbox(..) => {}
        }
    }
    last.into_values().for_each(|record| again.input(Input::Restore(record)));
    assert_eq!(phones(&mut again), expect);
}
