//! Phones of lines on their way into SIP and call control, with what is the same for many of them made once.

use std::collections::BTreeSet;
use std::sync::Arc;

use strowger_base::leg::AudioSource;
use strowger_base::{Country, Table};
use strowger_callcontrol::configuration::{
    Barging, DoNotDisturb, HoldSources, Home, LinePhone, MediaUse, PhoneSettings,
};
use strowger_dialplan::route_list::LocalRouteGroups;
use strowger_dialplan::{Caller, SearchSpace};
use strowger_sip::io::{LineAccount, PhoneAccount};

use super::build::{Findings, Ground, digests};
use super::{
    Line, LineSecret, NumberViewDraft, PhoneDraft, Place, SiteDraft, admission, mobility, plan, route_lists,
    transformations,
};

/// What phones have in common with others, so that it is there once.
#[derive(Clone, Default)]
pub(super) struct SharedPhones {
    /// By all that they are made of; see [`key`].
    settings: Table<Arc<PhoneSettings>>,
    /// Who dials, but for the number, by all that they are made of; see [`dialling_key`].
    callers: Table<Arc<Caller>>,
    names: BTreeSet<Arc<str>>,
}

impl SharedPhones {
    /// What SIP knows of a line.
    pub(super) fn account(&mut self, domain: &str, line: &Line) -> LineAccount {
        let phones = line.phones.iter().filter_map(|phone| {
            let username = phone.username(line);
            let (ha1_md5, ha1_sha256) = match &phone.secret {
                LineSecret::Digests { md5, sha256 } => (md5.clone(), sha256.clone()),
                LineSecret::Password(password) => digests(username, domain, password.expose()),
                LineSecret::Station => return None,
            };
            Some(PhoneAccount { name: self.name(phone), username: username.into(), ha1_md5, ha1_sha256 })
        });
        LineAccount { name: (&*line.name).into(), contacts_max: line.contacts_max, phones: phones.collect() }
    }

    /// The phones of a line as call control knows them; `space` is what the line sees of the plan.
    pub(super) fn of_line(
        &mut self,
        ground: Ground<'_>,
        (index, line): (usize, &Line),
        space: &SearchSpace,
        caller: &Caller,
        found: &mut Findings,
    ) -> Box<[LinePhone]> {
        let mut phones: Vec<LinePhone> = Vec::with_capacity(line.phones.len());
        for (at, phone) in line.phones.iter().enumerate() {
            let place = Place::Phone(index, at);
            let settings = self.settings(ground, place, (line, phone), space, found);
            mobility::check_clauses(place, (phone, space), ground.pools, ground.dial_plan, found);
            let key = dialling_key(line, phone);
            let dials = shared(&mut self.callers, key, found, |found| {
                let caller = plan::caller_of_phone(ground.dial_plan, place, (caller, phone), space, found);
                at_home(caller, phone, &settings)
            });
            phones.push(LinePhone {
                name: self.name(phone),
                number: (&*line.number).into(),
                dials,
                settings,
                rings: phone.rings,
                button: phone.button,
            });
        }
        phones.into()
    }

    /// Only what is built together shares the names of phones: they would be kept for ever.
    pub(super) fn forget_names(&mut self) {
        self.names = BTreeSet::new();
    }

    /// What nobody has in common with others is not kept for lines to come, such as a mask that is a number.
    pub(super) fn forget_single(&mut self) {
        let several = self.callers.iter().filter(|(_, caller)| Arc::strong_count(caller) > 2);
        self.callers = several.map(|(key, caller)| (key, Arc::clone(caller))).collect();
    }

    /// The name of a phone, which stands on all of its lines.
    fn name(&mut self, phone: &PhoneDraft) -> Option<Arc<str>> {
        if phone.name.is_empty() {
            return None;
        }
        if let Some(name) = self.names.get(&*phone.name) {
            return Some(Arc::clone(name));
        }
        let name: Arc<str> = Arc::from(&*phone.name);
        self.names.insert(Arc::clone(&name));
        Some(name)
    }

    fn settings(
        &mut self,
        ground: Ground<'_>,
        place: Place,
        (line, phone): (&Line, &PhoneDraft),
        space: &SearchSpace,
        found: &mut Findings,
    ) -> Arc<PhoneSettings> {
        let key = key(line, phone);
        shared(&mut self.settings, key, found, |found| new_settings(ground, place, phone, space, found))
    }
}

/// What is known by its key, or is made now and known from now on.
fn shared<T>(
    known: &mut Table<Arc<T>>,
    key: String,
    found: &mut Findings,
    make: impl FnOnce(&mut Findings) -> T,
) -> Arc<T> {
    if let Some(known) = known.get(&key) {
        return Arc::clone(known);
    }
    let before = found.count_of_all();
    let made = Arc::new(make(found));
    // What is wrong is said of each phone that has it.
    if found.count_of_all() == before {
        // After many changes most of them may be nobody's any more.
        if known.len() >= SHARED {
            *known = Table::new();
        }
        known.insert(key, Arc::clone(&made));
    }
    made
}

fn new_settings(
    ground: Ground<'_>,
    place: Place,
    phone: &PhoneDraft,
    space: &SearchSpace,
    found: &mut Findings,
) -> PhoneSettings {
    let Ground { draft, dial_plan, groups, pools } = ground;
    let standard = route_lists::local(draft, phone, place, groups, found);
    let own_view = transformations::view(dial_plan, place, &phone.view, found);
    let emergency_number = mobility::number(place, &phone.emergency_number, found);
    let watches = (!phone.subscribe_search_space.is_empty()).then(|| {
        let space = &phone.subscribe_search_space;
        plan::space_named(dial_plan, place, "subscribe_search_space", space, found)
    });
    let pool = mobility::pool(place, &phone.device_pool, pools.0, found);
    let pool = pool.as_ref();
    let of_pool = pool.map(|pool| pool.local_route_groups.clone()).unwrap_or_default();
    let own = phone.site.as_deref().cloned().unwrap_or_default();
    let site = admission::site(&own);
    PhoneSettings {
        site: pool.map_or_else(|| site.clone(), |pool| site.or(&pool.site)),
        aar: admission::or_pool(admission::aar(dial_plan, place, &own, found), pool.map(|pool| &pool.aar)),
        local_route_groups: LocalRouteGroups { standard: standard.or(of_pool.standard), ..of_pool },
        overlap: phone.overlap,
        told_of_messages: phone.told_of_messages,
        srtp: phone.srtp,
        media: phone.media.clone(),
        keys: phone.keys,
        recording: phone.recording.as_deref().cloned().unwrap_or_default(),
        private: phone.private,
        barge: phone.barge,
        single_button_barge: phone.single_button_barge.or(pool.and_then(|pool| pool.single_button_barge)),
        watches,
        lamps: phone.lamps.as_slice().into(),
        speed_dials: phone.speed_dials.as_slice().into(),
        view: transformations::or(own_view, pool.and_then(|pool| pool.view.as_ref())),
        home: pool.map(|pool| {
            let (pool, line_space) = (Arc::clone(pool), space.clone());
            Arc::new(Home { pool, line_space, roams: phone.roams })
        }),
        country: phone.country,
        hold_sources: phone.hold_sources,
        undisturbed: phone.undisturbed,
        emergency_number,
    }
}

/// All that settings are made of: phones that have it in common have them in common.
fn key(line: &Line, phone: &PhoneDraft) -> String {
    let NumberViewDraft { calling, called, connected, redirecting } = &phone.view;
    // Where there is no pool nobody asks what the line sees without the phone.
    let line_space = if phone.device_pool.is_empty() { "" } else { &*line.search_space };
    let none = SiteDraft::default();
    let SiteDraft { region, location, aar_group, aar_search_space } = phone.site.as_deref().unwrap_or(&none);
    let recording = phone.recording.as_deref().cloned().unwrap_or_default();
    let texts: [&str; 14] = [
        &recording.profile,
        region,
        location,
        aar_group,
        aar_search_space,
        &phone.device_pool,
        line_space,
        &phone.subscribe_search_space,
        &phone.local_route_group,
        &phone.emergency_number,
        calling,
        called,
        connected,
        redirecting,
    ];
    let HoldSources { user, network } = phone.hold_sources;
    let number = |source: Option<AudioSource>| source.map_or(0, |source| source.0);
    let rejects = phone.undisturbed == DoNotDisturb::Reject;
    let flags = [phone.overlap, phone.roams, phone.told_of_messages, phone.private, rejects].map(u8::from);
    let country = phone.country.map_or("", Country::name);
    let (texts, srtp, keys) = (texts.join("\n"), phone.srtp as u8, phone.keys.number());
    let barge = |set: Option<Barging>| set.map_or(0, |barge| 1 + barge as u8);
    let (barge, by_key) = (barge(phone.barge), barge(phone.single_button_barge));
    let records = recording.option as u8;
    let media = if phone.media == MediaUse::default() { String::new() } else { format!("{:?}", phone.media) };
    let (user, network) = (number(user), number(network));
    // Few phones have any, and hardly two the same.
    let lamps: String = phone.lamps.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let dials: String = phone.speed_dials.iter().flat_map(|number| [number, "\n"]).collect();
    format!(
        "{texts}\n{flags:?}{srtp}{barge}{by_key}{keys}{records}\n{user}\n{network}\n{country}\n{media}\n{lamps}\n{dials}"
    )
}

/// All that tells one who dials from others, but for the number.
fn dialling_key(line: &Line, phone: &PhoneDraft) -> String {
    // A mask is looked at where it stands.
    let (mask, whose) =
        phone.external_mask.as_ref().map_or((&line.external_mask, "line"), |own| (own, "phone"));
    let texts: [&str; 7] = [
        &line.search_space,
        &phone.device_search_space,
        mask,
        whose,
        &phone.zone,
        &phone.device_pool,
        &phone.emergency_number,
    ];
    texts.join("\n")
}

/// Different settings that are kept for lines to come: more than there are device pools and search spaces.
const SHARED: usize = 10_000;

/// What a phone's device pool gives the one who dials there, where the phone says nothing itself.
fn at_home(mut caller: Caller, phone: &PhoneDraft, settings: &PhoneSettings) -> Caller {
    let pool = settings.home.as_ref().map(|home| &home.pool);
    caller.emergency_number = settings.emergency_number.or_else(|| pool?.emergency_number);
    if phone.zone.is_empty() {
        caller.zone = pool.and_then(|pool| pool.zone.clone());
    }
    caller
}
