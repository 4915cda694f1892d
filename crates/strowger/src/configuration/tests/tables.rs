//! The tables that people query.

use std::collections::BTreeSet;

use serde_json::json;
use strowger_configuration::Kind;

use super::*;
use crate::configuration::layout::Layout;
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
        "all|day|0\nall|internal|1",
    );
    check(
        "select p.name, p.timezone, s.name, v.value from routepartition p \
         join timeschedule s on s.pkid = p.fktimeschedule \
         join timeschedule_periods v on v.fktimeschedule = s.pkid order by v.sortorder",
        "day|Europe/Berlin|office|mo-fr 08:00-17:00\nday|Europe/Berlin|office|12-25 closed",
    );
    // What is default stands there as well.
    check("select busy_trigger, display, no_answer from numplan limit 1", "2||null");
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
    check("select count(*), max(sortorder) from callingsearchspacemember", "1|0");
    check("select name from routepartition", "internal");
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
    for names in NAMES {
        let kind: Kind = names.kind.parse().unwrap();
        let rows = Layout::new();
        let rows = rows.of(kind).unwrap();
        for (_, column) in
            names.columns.iter().chain(names.members.iter().flat_map(|(_, member)| member.columns))
        {
            let quoted = format!("\"{column}\"");
            let inserts =
                std::iter::once(&rows.insert).chain(rows.members.iter().map(|member| &member.insert));
            assert!(inserts.into_iter().any(|insert| insert.contains(&quoted)), "{kind}: {column}");
        }
        for (path, member) in names.members {
            let quoted = format!("\"{}\"", member.table);
            assert!(rows.members.iter().any(|rows| rows.insert.contains(&quoted)), "{kind}: {path}");
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
