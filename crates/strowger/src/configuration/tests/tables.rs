//! The tables that people query.

use std::collections::BTreeSet;

use serde_json::json;
use strowger_configuration::Kind;

use super::*;
use crate::configuration::layout::{Column, Layout};
use crate::configuration::names::NAMES;

#[test]
fn engineers_find_what_they_know() {
    let folder = Folder::new("tables");
    let mut store = four_changes(&folder);
    let state = store.state().clone();
    let schedule = json!({ "name": "office", "periods": ["mo-fr 08:00-17:00", "12-25 closed"] });
    commit(
        &mut store,
        vec![
            put(&state, Kind::TimeSchedule, 10, &schedule),
            put(
                &state,
                Kind::Partition,
                11,
                &json!({ "name": "day", "time_schedule": id(10).to_string(), "zone": "Europe/Berlin" }),
            ),
            put(
                &state,
                Kind::CallingSearchSpace,
                12,
                &json!({ "name": "all", "partitions": [id(11).to_string(), id(1).to_string()] }),
            ),
        ],
    );
    let check = |sql: &str, expect: &str| assert_eq!(folder.query(sql), expect, "{sql}");
    check(
        "select n.dnorpattern, n.tkpatternusage, r.name from numplan n \
         left join routepartition r on r.pkid = n.fkroutepartition order by 1",
        "1002|2|internal\n1003|2|internal",
    );
    check(
        "select s.name, r.name, m.sortorder from callingsearchspacemember m \
         join callingsearchspace s on s.pkid = m.fkcallingsearchspace \
         join routepartition r on r.pkid = m.fkroutepartition order by m.sortorder",
        "all|day|1\nall|internal|2",
    );
    check(
        "select p.name, p.timezone, s.name, v.value from routepartition p \
         join timeschedule s on s.pkid = p.fktimeschedule \
         join timeschedule_periods v on v.fktimeschedule = s.pkid order by v.sortorder",
        "day|Europe/Berlin|office|mo-fr 08:00-17:00\nday|Europe/Berlin|office|12-25 closed",
    );
    // What is default stands there as well.
    check("select busytrigger, display, no_answer from numplan limit 1", "2||null");
    check("select kind, name from object order by kind, name limit 2", "calling_search_space|all\nline|1002");
    // A list that gets shorter, and an object that goes.
    let state = store.state().clone();
    commit(
        &mut store,
        vec![
            put(
                &state,
                Kind::CallingSearchSpace,
                12,
                &json!({ "name": "all", "partitions": [id(1).to_string()] }),
            ),
            delete(&state, Kind::Partition, 11),
        ],
    );
    check("select count(*), max(sortorder) from callingsearchspacemember", "1|1");
    check("select name from routepartition", "internal");
    store.check().unwrap();
}

/// The question that everybody asks: which phones have which numbers, and whose are they.
#[test]
fn phones_and_their_numbers() {
    let folder = Folder::new("phones");
    let mut store = four_changes(&folder);
    let state = store.state().clone();
    let alice =
        json!({ "name": "alice", "last_name": "Smith", "devices": [{ "phone": id(20).to_string() }] });
    let phone = json!({
        "name": "SEP001122334455",
        "owner": id(21).to_string(),
        "lines": [{ "line": id(4).to_string() }, { "line": id(3).to_string(), "label": "Reception" }],
        "credentials": { "user": "alice", "secret": "sealed:0123" },
        "keys": { "speed_dials": [{ "number": "911" }] },
        "more": { "privacy": true },
    });
    let trunk = json!({ "name": "outside", "destinations": ["192.0.2.1:5060"] });
    let group = json!({ "name": "all", "members": [{ "trunk": id(22).to_string() }] });
    let route = json!({ "pattern": "0.!", "trunk": id(22).to_string() });
    commit(
        &mut store,
        vec![
            put(&state, Kind::Phone, 20, &phone),
            put(&state, Kind::EndUser, 21, &alice),
            put(&state, Kind::Trunk, 22, &trunk),
            put(&state, Kind::RouteGroup, 23, &group),
            put(&state, Kind::RoutePattern, 24, &route),
        ],
    );
    let check = |sql: &str, expect: &str| assert_eq!(folder.query(sql), expect, "{sql}");
    check(
        "select d.name, m.numplanindex, n.dnorpattern, m.label, u.userid from device d \
         join devicenumplanmap m on m.fkdevice = d.pkid join numplan n on n.pkid = m.fknumplan \
         left join enduser u on u.pkid = d.fkenduser where d.tkclass = 1 order by 2",
        "SEP001122334455|1|1002||alice\nSEP001122334455|2|1003|Reception|alice",
    );
    check(
        "select u.lastname, d.name from enduser u join enduserdevicemap m on m.fkenduser = u.pkid \
         join device d on d.pkid = m.fkdevice",
        "Smith|SEP001122334455",
    );
    check("select speeddialindex, speeddialnumber from speeddial", "1|911");
    check("select privacy, cti_control from device where name like 'SEP%'", "t|t");
    check(
        "select g.name, d.name, d.tkclass from routegroupdevicemap m join routegroup g on g.pkid = m.fkroutegroup \
         join device d on d.pkid = m.fkdevice",
        "all|outside|18",
    );
    check(
        "select n.dnorpattern, d.name from numplan n join device d on d.pkid = n.fkdevice where n.tkpatternusage = 5",
        "0.!|outside",
    );
    // No table but the log's own has the secret, sealed as it is.
    for table in Layout::new().tables() {
        let found = folder.query(&format!("select * from \"{table}\""));
        assert!(!found.contains("sealed:0123"), "{table}");
    }
    store.check().unwrap();
}

/// No column stands for two settings, and no table is called like one of the log's own.
#[test]
fn every_kind_has_tables() {
    let layout = Layout::new();
    let own = ["changeset", "operation", "object", "meta"];
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(&layout.statements()).unwrap();
    assert!(layout.tables().all(|table| !own.contains(&table)));
    for kind in Kind::ALL {
        let rows = layout.of(*kind).unwrap();
        for insert in std::iter::once(&rows.insert).chain(rows.members.iter().map(|member| &member.insert)) {
            let columns = insert.split_once('(').and_then(|(_, rest)| rest.split_once(')')).unwrap().0;
            let columns: Vec<&str> = columns.split(", ").collect();
            let distinct: BTreeSet<&&str> = columns.iter().collect();
            assert_eq!(columns.len(), distinct.len(), "{kind}: {insert}");
            database.prepare(insert).unwrap();
        }
    }
}

/// A name in the table of names that no setting has is a mistake in it.
#[test]
fn every_name_of_cucm_stands_for_something() {
    let layout = Layout::new();
    let paths = |columns: &[Column]| -> BTreeSet<String> {
        columns.iter().flat_map(Column::settings).map(Column::path).collect()
    };
    for names in NAMES {
        let rows = layout.of(names.kind.parse().unwrap()).unwrap();
        let there = paths(&rows.columns);
        for (path, _) in names.columns {
            assert!(there.contains(*path), "{}: {path}", names.kind);
        }
        for (path, member) in names.members {
            let list = rows.members.iter().find(|rows| rows.list.path() == *path);
            let list = list.unwrap_or_else(|| panic!("{}: {path}", names.kind));
            assert!(list.insert.contains(&format!("\"{}\"", member.table)), "{}: {path}", names.kind);
            let there = paths(&list.columns);
            for (entry, _) in member.columns {
                assert!(there.contains(*entry), "{}: {path}.{entry}", names.kind);
            }
        }
    }
}

/// Tables of another version of the program are made anew from the objects.
#[test]
fn tables_follow_the_program() {
    let folder = Folder::new("versions");
    drop(four_changes(&folder));
    let database = rusqlite::Connection::open(folder.0.join(crate::configuration::engine::FILE)).unwrap();
    database
        .execute_batch(
            "drop table numplan; create table numplan (old text); update meta set value = '1' where name = 'layout'",
        )
        .unwrap();
    drop(database);
    let store = folder.open();
    assert_eq!(folder.query("select dnorpattern from numplan order by 1"), "1002\n1003");
    store.check().unwrap();
}
