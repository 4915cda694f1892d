//! Rules of the system's own objects.

use std::time::Duration;

use strowger_dialplan::admission::HUB_NONE;
use strowger_dialplan::route_list::STANDARD_LOCAL_ROUTE_GROUP;

use super::{Findings, Least};
use crate::Id;
use crate::kinds::{
    AutoRegistration, BillingDestination, DeliveryProtocol, DevicePool, Location, MobilityInfo, Server,
    ServiceParameters, SftpFolder, SftpUser,
};

pub(super) fn service_parameters(it: &ServiceParameters, found: &mut Findings) {
    found.list("aliases", &it.aliases, Least::None, |it| it.clone());
    found.list("continue_routing_on", &it.continue_routing_on, Least::None, |it| *it);
    found.list("digest_algorithms", &it.digest_algorithms, Least::One, |it| *it);
    let (least, most) = (it.expires_min.get(), it.expires_max.get());
    let seconds = |time: Duration| time.as_secs();
    if least > most {
        let (least, most) = (seconds(least), seconds(most));
        found.wrong("expires_min", format!("is {least}, but expires_max is {most}; give at most {most}"));
    } else if !(least..=most).contains(&it.expires_default.get()) {
        let (least, most) = (seconds(least), seconds(most));
        let why = format!("lies outside of expires_min and expires_max; give {least} to {most}");
        found.wrong("expires_default", why);
    }
    let (low, high) = (it.record_low_water.get(), it.record_high_water.get());
    if low >= high {
        found.wrong(
            "record_low_water",
            format!("is {low}, but record_high_water is {high}; give less than that"),
        );
    }
}

pub(super) fn server(it: &Server, found: &mut Findings) {
    let socket = |listener: &crate::kinds::SipListener| {
        let port = listener.port.get();
        // The system gives each a free port of its own.
        (port > 0).then(|| (listener.transport, listener.address.clone(), port))
    };
    found.distinct("sip_listeners", it.sip_listeners.iter().map(socket));
    if let Some((first, last)) = it.media_ports.as_ref().map(|ports| ports.range())
        && last - first < 3
    {
        found.wrong("media_ports", "are fewer than four: a relayed call takes four; give first-last");
    }
}

pub(super) fn location(id: Id, it: &Location, found: &mut Findings) {
    if it.name.as_str() == HUB_NONE {
        found.wrong("name", format!("is {HUB_NONE:?}, which is always there; give another name"));
    }
    let end = |link: &crate::kinds::LocationLink| link.location.map(|location| location.id());
    found.list("links", &it.links, Least::None, end);
    if it.links.iter().any(|link| end(link) == Some(id)) {
        found.wrong("links", "has a link from the location to itself; leave it out");
    }
}

pub(super) fn device_pool(it: &DevicePool, found: &mut Findings) {
    found.list("local_route_groups", &it.local_route_groups, Least::None, |it| it.name.clone());
    if it.local_route_groups.iter().any(|group| group.name.as_str() == STANDARD_LOCAL_ROUTE_GROUP) {
        let why = format!("names {STANDARD_LOCAL_ROUTE_GROUP:?}; give that one as local_route_group");
        found.wrong("local_route_groups", why);
    }
}

pub(super) fn mobility_info(it: &MobilityInfo, found: &mut Findings) {
    found.list("subnets", &it.subnets, Least::One, |it| it.clone());
    found.list("device_pools", &it.device_pools, Least::One, |it| it.id());
}

pub(super) fn auto_registration(it: &AutoRegistration, found: &mut Findings) {
    found.list("refused", &it.refused, Least::None, |name| name.clone());
    match (&it.first, &it.last) {
        (Some(first), Some(last)) => {
            let (first, last) = (first.as_str(), last.as_str());
            if first.len() != last.len() {
                let why = format!("has {} digits, but first has {}; give as many", last.len(), first.len());
                found.wrong("last", why);
            } else if first > last {
                found.wrong("last", format!("is {last:?}, but first is {first:?}; give a greater number"));
            }
        }
        (None, None) if !it.enabled => {}
        (None, _) => found.wrong("first", "is missing; give the first number that is given away"),
        (Some(_), None) => found.wrong("last", "is missing; give the last number that is given away"),
    }
}

pub(super) fn sftp_user(it: &SftpUser, found: &mut Findings) {
    found.list("keys", &it.keys, Least::None, |it| it.clone());
    found.list("folders", &it.folders, Least::None, |it| it.name.clone());
    if it.password.is_none() && it.keys.is_empty() {
        found.wrong("password", "is missing; give it, or keys");
    }
    if !it.records && !it.incoming && it.folders.is_empty() {
        found.wrong("folders", "is missing, and so are records and incoming; give something that he sees");
    }
    for (at, SftpFolder { name, path, .. }) in it.folders.iter().enumerate() {
        let (name, path) = (name.as_str(), path.as_str());
        if matches!(name, "records" | "incoming") || name.starts_with('.') {
            let why = format!("has the name {name:?}, which is taken or hidden; give another one");
            found.wrong("folders", format!("[{at}] {why}"));
        }
        let is_whole = path.starts_with('/') && path.split('/').all(|step| !matches!(step, "." | ".."));
        if !is_whole || path.split('/').all(str::is_empty) {
            found.wrong("folders", format!("[{at}] has the path {path:?}; give an absolute path below /"));
        }
    }
}

pub(super) fn billing_destination(it: &BillingDestination, found: &mut Findings) {
    found.list("host_keys", &it.host_keys, Least::None, |it| it.clone());
    if it.retry_first.get() > it.retry_most.get() {
        let (first, most) = (it.retry_first.get().as_secs(), it.retry_most.get().as_secs());
        found.wrong("retry_most", format!("is {most}, but retry_first is {first}; give at least as much"));
    }
    let why = "there is no private_key that it could open";
    found.excluded("passphrase", it.passphrase.is_some() && it.private_key.is_none(), why);
    if it.protocol == DeliveryProtocol::Local {
        let why = "files go into a folder of this machine";
        found.excluded("host", it.host.is_some(), why);
        found.excluded("port", it.port.is_some(), why);
        found.excluded("user", it.user.is_some(), why);
        found.excluded("password", it.password.is_some(), why);
        found.excluded("private_key", it.private_key.is_some(), why);
        found.excluded("host_keys", !it.host_keys.is_empty(), why);
        return;
    }
    if it.host.is_none() {
        found.wrong("host", "is missing; give the address or name of the server");
    }
    if it.user.is_none() {
        found.wrong("user", "is missing; give whom files are delivered as");
    }
    if it.protocol == DeliveryProtocol::Sftp {
        if it.password.is_none() && it.private_key.is_none() {
            found.wrong("password", "is missing; give it, or private_key");
        }
        return;
    }
    found.excluded("private_key", it.private_key.is_some(), "the protocol is not sftp");
    if it.protocol == DeliveryProtocol::Ftp {
        found.excluded("host_keys", !it.host_keys.is_empty(), "plain FTP proves nothing");
    }
    if it.password.is_none() {
        found.wrong("password", "is missing; give it");
    }
}
