//! Services of phones: what each opens, and what stands in its menus.

use std::net::IpAddr;

use strowger_configuration::State;
use strowger_configuration::kinds::{Phone, PhoneService, Server, ServiceMenu, SubscribedService};

/// What a phone opens for a service of its own, and what stands beside it; `None` for a page of this server when nobody says where
/// that is reached.
pub(super) fn opened(
    state: &State,
    phone: &Phone,
    subscribed: &SubscribedService,
) -> Option<(Box<str>, Box<str>)> {
    let service = state.get(subscribed.service)?;
    let url = opened_at(base(state).as_deref(), phone.name.as_str(), service)?;
    Some((url, label(service, Some(subscribed)).into()))
}

/// What phones find in a menu, with what each opens: services of the phone in their order, and then those that everybody has, by their
/// labels. `base` is where this server is reached: `http://192.0.2.1:8080`.
pub fn menu(
    state: &State,
    base: &str,
    phone: Option<&Phone>,
    menu: ServiceMenu,
) -> Vec<(Box<str>, Box<str>)> {
    let device = phone.map_or("", |phone| phone.name.as_str());
    let own =
        || phone.and_then(|phone| phone.keys.as_deref()).into_iter().flat_map(|keys| keys.services.iter());
    let subscribed = own().filter_map(|subscribed| {
        let service = state.get(subscribed.service).filter(|service| service.menu == menu)?;
        Some((label(service, Some(subscribed)).into(), opened_at(Some(base), device, service)?))
    });
    let is_own = |id| own().any(|subscribed| subscribed.service.id() == id);
    let mut of_all: Vec<(Box<str>, Box<str>)> = state
        .all::<PhoneService>()
        .filter(|(id, service)| service.everybody && service.menu == menu && !is_own(*id))
        .filter_map(|(_, service)| {
            Some((label(service, None).into(), opened_at(Some(base), device, service)?))
        })
        .collect();
    of_all.sort();
    subscribed.chain(of_all).collect()
}

/// Where pages for phones are reached: `http://192.0.2.1:8080`, by the first server that says it.
pub(super) fn base(state: &State) -> Option<String> {
    let server = |it: &Server| {
        let address = it.address.as_ref()?.as_str();
        let port = it.phone_services_port.map(|port| port.get()).filter(|port| *port > 0)?;
        let is_v6 = address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
        Some(if is_v6 { format!("http://[{address}]:{port}") } else { format!("http://{address}:{port}") })
    };
    state.all::<Server>().find_map(|(_, it)| server(it))
}

fn opened_at(base: Option<&str>, device: &str, service: &PhoneService) -> Option<Box<str>> {
    let url = service.url.as_str();
    let url = if url.starts_with('/') { format!("{}{url}", base?) } else { url.to_owned() };
    Some(url.replace(DEVICE, device).into())
}

fn label<'s>(service: &'s PhoneService, subscribed: Option<&'s SubscribedService>) -> &'s str {
    let own = subscribed.map_or("", |subscribed| subscribed.label.as_str());
    [own, service.label.as_str()].into_iter().find(|label| !label.is_empty()).unwrap_or(service.name.as_str())
}

/// What stands for the name of a phone, as phones and their services have it.
const DEVICE: &str = "#DEVICENAME#";
