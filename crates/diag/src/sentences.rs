//! Each decision in plain English.

use std::net::SocketAddr;

use strowger_base::LegId;
use strowger_base::journal::{
    Alarm, AudioFlow, Decision, Entry, Feature, KeyPlace, MediaPart, MediaPath, OriginView, PartyView,
    ReleasedBy, StreamEnd, TargetView, Told, Way, WhyEnded, WhyKeysStay, WhyNotAnnounced, WhyOfferRefused,
    WhyRefused, WhyRelay, WhyReleased,
};
use strowger_base::leg::{Alert, AudioSource, CallTone, DigitsEnd, Presentation, ReleaseReason, Tone};
use strowger_base::line::number_of;

use crate::names::Names;
use crate::{
    admission, call_back, codes, features, keys, numbers, paging, quality, recordings, redirections,
    resources, streams, transfers, words,
};

/// The sentence for a record; `None` when another record says it better.
pub(crate) fn sentence(leg: Option<LegId>, entry: &Entry<'_>, names: &Names) -> Option<String> {
    match entry {
        // Messages are in the ladder, the final record is the headline.
        Entry::Message { .. } | Entry::Call(_) | Entry::Registration(_) => None,
        Entry::UserSet(set) => Some(features::set(set)),
        Entry::Told(told) => told_sentence(leg?, told, names),
        Entry::Decision(decision) => decision_sentence(leg, decision, names),
        Entry::Alarm(alarm) => Some(alarm_sentence(alarm)),
        Entry::Quality(quality) => Some(quality::sentence(leg?, quality, names)),
    }
}

fn told_sentence(leg: LegId, told: &Told<'_>, names: &Names) -> Option<String> {
    let device = names.device_first(leg);
    match told {
        Told::Alerting { alert: Alert::Ringing, .. } => Some(format!("{device} rings.")),
        Told::Alerting { alert: Alert::Progress | Alert::Failing(_), .. } => {
            Some(format!("{device} has something to be heard before the answer."))
        }
        Told::Digit => Some(format!("{device} sent a key press.")),
        Told::DigitErased => Some(format!("{device} took the last key back.")),
        Told::DigitsEnded(DigitsEnd::Complete) => Some(format!("{device} said that the number is complete.")),
        Told::DigitsEnded(DigitsEnd::Lost) => {
            Some(format!("{device} can tell no more keys of the number that is dialled."))
        }
        Told::MediaRequested => Some(format!("{device} asked to be offered media.")),
        Told::Released { cause, reason } => {
            Some(format!("{} {}: {}.", names.device_first(leg), released(*reason), words::cause(*cause)))
        }
        Told::TransferEnded { failure: None } => Some(format!("{device} was transferred.")),
        Told::TransferEnded { failure: Some(cause) } => {
            Some(format!("{device} could not be transferred: {}.", words::cause(*cause)))
        }
        Told::Quality(reported) => Some(quality::reported(&device, reported)),
        // What follows from these is told by decisions.
        Told::Proceeding
        | Told::Answered { .. }
        | Told::Media(_)
        | Told::MediaRefused(_)
        | Told::MetadataRequested
        | Told::TransferRequested { .. } => None,
        Told::FeatureRequested { feature } => Some(format!("{device} asked for {feature}.")),
    }
}

/// What a device did that ended its leg.
pub(crate) fn released(reason: ReleaseReason) -> String {
    match reason {
        ReleaseReason::HungUp => "hung up".to_owned(),
        ReleaseReason::Cancelled => "gave up".to_owned(),
        ReleaseReason::Refused(status) => format!("refused with {}", words::status(status)),
        ReleaseReason::NoResponse => "did not respond at all".to_owned(),
        ReleaseReason::Unconfirmed => "never confirmed the answer (no ACK)".to_owned(),
        ReleaseReason::SessionExpired => "did not refresh the session in time".to_owned(),
        ReleaseReason::TransportFailed => "cannot be reached any more".to_owned(),
        ReleaseReason::ProtocolError => "broke the rules of its protocol".to_owned(),
    }
}

fn decision_sentence(leg: Option<LegId>, decision: &Decision<'_>, names: &Names) -> Option<String> {
    let device = || leg.map_or_else(|| "A device".to_owned(), |leg| names.device_first(leg));
    let inside = || leg.map_or_else(|| "a device".to_owned(), |leg| names.device(leg));
    Some(match decision {
        Decision::CallBegan { origin, calling, called, flow, media, .. } => {
            began(origin, calling, called, flow.peer(), *media)
        }
        Decision::RouteTried { list, group, trunk } => {
            format!("Route list {list}: trunk {trunk} of route group {group} is tried.")
        }
        Decision::TrunkSkipped { list, trunk } => {
            format!("Route list {list}: trunk {trunk} is passed over, because it is not there.")
        }
        Decision::NoLocalRouteGroup { list, group } => {
            format!("Route list {list}: {group} is passed over, because the caller has no local route group.")
        }
        Decision::RouteListExhausted { list, cause } => {
            format!(
                "Route list {list} has no trunk left to try; the last one said: {}.",
                words::cause(*cause)
            )
        }
        Decision::PhoneLocated { info, pool, home, away } => numbers::located(info, pool, home, *away),
        Decision::EmergencyCalled { number, from } => numbers::emergency(number, from),
        Decision::NumberTransformed { role, pattern, partition, before, after } => {
            let device = leg.map_or_else(|| "a device".to_owned(), |leg| names.device(leg));
            numbers::transformed(*role, (pattern, partition), (before, after), &device)
        }
        Decision::NumberNormalised { role, number_type, before, after, by } => {
            numbers::normalised(*role, *number_type, (before, after), *by)
        }
        Decision::Forwarded(forwarding) => redirections::forwarded(forwarding),
        Decision::ForwardNotFollowed { line, because } => redirections::not_followed(line, *because),
        Decision::RedirectNotFollowed { to, why } => {
            let device = leg.map_or_else(|| "a device".to_owned(), |leg| names.device(leg));
            redirections::not_redirected(&device, to, *why)
        }
        Decision::HopLimitReached { at, .. } => format!("{at} would send the call on once more."),
        Decision::HuntBegan { pilot, list } => {
            format!("{pilot} is a hunt pilot: somebody is looked for in hunt list {list}.")
        }
        Decision::HuntRings { group, member, members, because } => {
            redirections::rings(group, member, *members, *because)
        }
        Decision::HuntSkipped { group, member, because } => {
            redirections::passed_over(group, member, *because)
        }
        Decision::HuntLeftGroup { group, because } => redirections::left(group, *because),
        Decision::HuntConnected { group, member } => {
            format!("Line group {group}: {member} has the call.")
        }
        Decision::HuntExhausted { pilot, because } => redirections::exhausted(pilot, *because),
        Decision::LookedUp(lookup) => return numbers::looked_up(lookup),
        Decision::DigitsAwaited { digits, timer, best, potential, example } => {
            numbers::awaited(digits, *timer, best, *potential, example)
        }
        Decision::CodeAsked { code, timer } => codes::asked(*code, *timer),
        Decision::CodesAccepted(accepted) => return codes::accepted(accepted),
        Decision::NumberResolved { digits, pattern, sent, destination } => {
            numbers::resolved(digits, pattern, sent, destination)
        }
        Decision::NumberNotResolved { digits, why } => {
            numbers::not_resolved(digits, names.sought(digits), why)
        }
        Decision::PhonesFound { line, phones: 0 } => format!("No phone of {line} is registered."),
        Decision::PhonesFound { line, phones } => {
            let verb = if *phones == 1 { "is" } else { "are" };
            format!("{} of {line} {verb} registered.", words::count(*phones as usize, "phone"))
        }
        Decision::Rung { target, called, shown } => rung(target, called, shown, leg, names),
        Decision::CallerAlerted { alert, media } => {
            let what = match alert {
                Alert::Ringing => "The caller is told that it rings",
                Alert::Progress => "The caller is told that something can be heard",
                Alert::Failing(_) => "The caller is told that the call fails, and why",
            };
            let early = if *media == MediaPart::Nothing { "" } else { ", with early media" };
            format!("{what}{early}.")
        }
        Decision::AnsweredBy { connected } => {
            format!("{} answered; the caller is shown {}.", device(), party(connected))
        }
        Decision::LegReleased { why, .. } => released_by_us(&device(), *why)?,
        Decision::LegFailed { left, .. } => match left {
            0 => return None,
            left => format!("{} still ring.", words::count(*left as usize, "device")),
        },
        Decision::NoAnswer { called, after } => {
            format!("Nobody at {called} answered within {}.", words::timer(*after))
        }
        Decision::Refused { why, .. } => refused(why)?,
        Decision::Held => format!("{} put the other side on hold.", device()),
        Decision::Resumed => format!("{} took the other side back from hold.", device()),
        Decision::MediaPath(path) => media_path(path, names),
        Decision::MarkedMalicious { party } => {
            format!("{} reports {} as malicious.", device(), self::party(party))
        }
        Decision::PickupGroupTold { group, lines } => {
            format!("Pickup group {group} is told: {} of it.", words::count(*lines as usize, "other line"))
        }
        Decision::QualityReported { reason } => features::quality(&device(), reason),
        Decision::Keys(view) => keys::news(&device(), view),
        Decision::Recording(news) => {
            let within = leg.map_or_else(device, |leg| names.device(leg));
            recordings::news((&device(), &within), news)
        }
        Decision::OfferRefused { cause, why } => offer_refused(&device(), *why, words::cause(*cause)),
        Decision::PartyShown(shown) => format!("{} is shown {}.", device(), party(shown)),
        Decision::RelayWanted { why: WhyRelay::Configured } => {
            "Media shall go through a relay, as configured.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::CallWaiting } => {
            "Media passes this server, because a phone has the tone of call waiting from it.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::KeyPresses } => {
            "A relay is wanted: one device has keys in its media, the other one in its signalling.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::Keys } => {
            "Media shall go through a relay: one side encrypts it, and the other may not.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::Recorded } => {
            "Media shall go through a relay: a party may be recorded.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::Transcoder } => {
            "Media shall go through a relay: the two sides have no codec in common.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::Between } => {
            "Media shall go through a relay: a device wants somebody between it and the other.".to_owned()
        }
        Decision::RelayWanted { why: WhyRelay::BehindNat } => {
            "Media shall go through a relay: a device sits behind NAT.".to_owned()
        }
        Decision::RelayOpened { caller_side, called_side } => {
            format!("The relay is open: {caller_side} for the caller, {called_side} for the called.")
        }
        Decision::RelayNotOpened { reason } => {
            format!("The relay could not be opened ({reason}); media goes directly.")
        }
        Decision::TransferRefused { destination, why, .. } => {
            transfers::refused(&device(), destination, *why)
        }
        Decision::TransferBegan { destination, into, asks } => {
            transfers::began(&device(), destination, *into, *asks)
        }
        Decision::TransferWent(news) => transfers::went((&device(), &inside()), *news),
        Decision::NotPickedUp { line } => {
            format!("Nobody took the call at the phones that were to pick it up; {line} has it again.")
        }
        Decision::Announced { cause, tone } => {
            let heard = match tone {
                Tone::Source(AudioSource(number)) => {
                    format!("the announcement of audio source {number}").into()
                }
                tone => words::tone(*tone),
            };
            format!("The call fails with {}; the caller hears {heard} first.", words::cause(*cause))
        }
        Decision::KeysCarried => {
            format!(
                "Keys are carried over: {} has them in its media, the other side in its signalling.",
                device()
            )
        }
        Decision::KeysBetween { caller, called } => {
            let place = |place: KeyPlace| match place {
                KeyPlace::Media => "media",
                KeyPlace::Signalling => "signalling",
                KeyPlace::Sound => "sound",
            };
            let (caller, called) = (place(*caller), place(*called));
            format!(
                "Keys are carried over: the caller has them in its {caller}, the called side in its {called}."
            )
        }
        Decision::KeysNotCarried { why } => {
            let because = match why {
                WhyKeysStay::NoRelay => "there is no relay",
                WhyKeysStay::AtDevice => "the media goes through a router, which carries none over",
                WhyKeysStay::Encrypted => "the devices encrypt their media with keys of their own",
                WhyKeysStay::NoEvents => "it has none there",
                WhyKeysStay::Codec => "they would be tones in its sound, and its codec is not known here",
            };
            format!(
                "Keys are not carried over to the media of {}: {because}.",
                leg.map_or_else(|| "a device".to_owned(), |leg| names.device(leg))
            )
        }
        Decision::NotAnnounced { why } => {
            let because = match why {
                WhyNotAnnounced::NoOffer => "it offered no media",
                WhyNotAnnounced::HeardBefore => "it has agreed on media with somebody else before",
                WhyNotAnnounced::NoAnnunciator => "every annunciator that it may use is taken",
                WhyNotAnnounced::TooMany => "as many callers hear an announcement as may at once",
            };
            format!("The caller hears no announcement: {because}.")
        }
        Decision::Hears(tone @ Tone::National { tone: CallTone::CallWaiting, .. }) => {
            format!("{} hears {}, since another call rings there.", device(), words::tone(*tone))
        }
        Decision::Hears(tone) => format!("{} waits and hears {}.", device(), words::tone(*tone)),
        Decision::PartyMoved(moved) => transfers::moved(&device(), moved.to),
        Decision::Joined(joined) => transfers::joined(joined, names.parked_at()),
        Decision::Ordered { what, who } => format!("{who} ordered: {what}."),
        Decision::FeatureRefused { feature, cause, why } => {
            features::refused(&device(), feature, *cause, why)
        }
        Decision::FeatureDone { feature, text } => features::done(feature, text),
        Decision::Convened { by, .. } => {
            format!("{} has a seat in the conference that {} began.", device(), party(by))
        }
        Decision::StaysInConference { why } => transfers::stays(*why),
        Decision::OnlyAudioRelayed => {
            "Streams beside audio (video, fax) are refused: the relay that stands between the two carries audio alone.".to_owned()
        }
        Decision::Stream(news) => {
            streams::news(&leg.map_or_else(device, |leg| names.party(leg)), news)
        }
        Decision::ForwardSetByUser { phone, at } => features::forward_set(phone, *at),
        Decision::DoNotDisturb { line, phone, mode } => features::undisturbed(line, phone, *mode),
        Decision::Intercom(news) => features::intercom(news),
        Decision::HuntLoggedOut { line, phone } => {
            format!("{} takes no part in hunts: it is logged out.", features::phone_of(line, phone))
        }
        Decision::Paging(news) => paging::news(&device(), news),
        Decision::RingsOn { .. } => format!("{} rings on.", device()),
        Decision::CallBack(news) => call_back::news(news),
        Decision::CallMade { feature: Feature::CallBack, calling, called, .. } => {
            call_back::made(&party(calling), called)
        }
        Decision::CallMade { calling, called, .. } => transfers::made(&party(calling), called),
        Decision::Admission(news) => admission::news(&device(), news),
        Decision::Resource(news) => resources::news((&device(), &inside()), news),
        Decision::Ended { cause, by, why } => ended(*by, *why, words::cause(*cause)),
    })
}

fn began(
    origin: &OriginView<'_>,
    calling: &PartyView<'_>,
    called: &str,
    peer: SocketAddr,
    media: MediaPart,
) -> String {
    let who = match origin {
        OriginView::Line { phone: "", .. } => party(calling),
        OriginView::Line { phone, .. } => format!("{} on phone {phone}", party(calling)),
        OriginView::Trunk(name) => format!("{} on trunk {name}", party(calling)),
    };
    let called = if called.is_empty() { "no number" } else { called };
    let delayed = if media == MediaPart::Nothing { ", and wants to be offered media" } else { "" };
    format!("{who} called {called} from {peer}{delayed}.")
}

/// `1001 (Alice)`, with what must not be shown said so.
pub(crate) fn party(party: &PartyView<'_>) -> String {
    let name = match (party.number, party.name) {
        ("", "") => "nobody known".to_owned(),
        (number, "") => number.to_owned(),
        ("", name) => name.to_owned(),
        (number, name) => format!("{number} ({name})"),
    };
    match party.presentation {
        Presentation::Allowed => name,
        Presentation::Restricted => format!("{name}, who is not to be shown,"),
    }
}

fn rung(
    target: &TargetView<'_>,
    called: &str,
    shown: &PartyView<'_>,
    leg: Option<LegId>,
    names: &Names,
) -> String {
    let device = leg.map_or_else(|| "a device".to_owned(), |leg| names.device(leg));
    let at =
        leg.and_then(|leg| names.address(leg)).map(|address| format!(" at {address}")).unwrap_or_default();
    let as_number = match target {
        // What a key asks for has no number.
        _ if called.is_empty() => String::new(),
        TargetView::Phone { line, .. } if number_of(line) == called => String::new(),
        TargetView::Phone { .. } | TargetView::Trunk(_) | TargetView::Service(_) => format!(" for {called}"),
    };
    format!("Ringing {device}{at}{as_number}; it is shown {}.", party(shown))
}

fn released_by_us(device: &str, why: WhyReleased) -> Option<String> {
    Some(match why {
        WhyReleased::Prompted => {
            format!("{device} is not needed any more: the caller has keyed in what it was asked for.")
        }
        WhyReleased::AnsweredElsewhere => format!("{device} stops ringing: answered elsewhere."),
        WhyReleased::CallerGaveUp => format!("{device} stops ringing: the caller is gone."),
        WhyReleased::RefusedElsewhere => {
            format!("{device} stops ringing: another phone refused for the whole line.")
        }
        WhyReleased::NoMedia => format!("{device} is released: there is no media to talk over."),
        WhyReleased::NumberIncomplete => {
            format!("{device} is told that the number is incomplete; it may ask again with more digits.")
        }
        WhyReleased::PutOut(_) => format!("{device} is released: it was dropped, or the conference is over."),
        WhyReleased::MovedOn(_) => format!("{device} is released: its part is done."),
        // The sentence before says why already.
        WhyReleased::Ordered => format!("{device} is released by order."),
        WhyReleased::ServerStops => format!("{device} is released: the server stops."),
        WhyReleased::NoAnswer | WhyReleased::OtherPartyGone | WhyReleased::CallRefused => return None,
    })
}

/// Why a call was refused before anything rang; `None` when the sentence before says it.
pub(crate) fn refused(why: &WhyRefused<'_>) -> Option<String> {
    Some(match why {
        WhyRefused::NumberNotResolved => return None,
        WhyRefused::NotRegistered { line } => format!("{line} is not registered: there is no phone to ring."),
        WhyRefused::Intercom { rule } => format!("{rule}."),
        WhyRefused::DoNotDisturb { line } => format!("{line} does not want to be disturbed."),
        WhyRefused::BusyTrigger { line, calls, limit } => format!(
            "{line} is busy: it has {}, and its busy trigger is {limit}.",
            words::count(*calls as usize, "call")
        ),
        WhyRefused::CallsMax { line, limit } => {
            format!(
                "{line} is busy: it may not have more than {} at once.",
                words::count(*limit as usize, "call")
            )
        }
        WhyRefused::Congestion => "The server has as many calls as it can hold.".to_owned(),
        WhyRefused::RecordsWaiting => "Too many call records wait for the disk.".to_owned(),
        WhyRefused::Draining => "The server is going out of service.".to_owned(),
        WhyRefused::NothingToReplace => {
            "The call wanted to take the place of a device in a call that is not there, or not answered."
                .to_owned()
        }
        WhyRefused::CannotReplace { why } => transfers::cannot_replace(*why),
        WhyRefused::Code { number, code, why } => codes::refused(number, *code, *why),
        WhyRefused::TooManyRedirections { hops } => format!(
            "The call was redirected {}, which is all that it may be.",
            words::count(*hops as usize, "time")
        ),
        WhyRefused::NobodyToHunt { pilot } => {
            format!("Nobody behind hunt pilot {pilot} can be offered the call.")
        }
        WhyRefused::Feature { feature, why } => {
            format!("Whoever asks does not get {feature}: {}.", features::because(why))
        }
        WhyRefused::NoBandwidth(shortage) => admission::no_bandwidth(shortage),
        WhyRefused::Keys(view) => keys::news("The caller", view),
        WhyRefused::NoCodec(codecs) => admission::no_codec("The caller", codecs),
        WhyRefused::NoResource { function } => resources::lacking(*function),
        WhyRefused::NoTrunkLeft { list } => format!("No trunk of route list {list} can be tried."),
        WhyRefused::TrunkNotThere { trunk } => {
            format!("Trunk {trunk} is not there yet: it is configured without a destination.")
        }
    })
}

fn media_path(path: &MediaPath<'_>, names: &Names) -> String {
    let codec = if path.codec.is_empty() { "no audio" } else { path.codec };
    let ends = [&path.offerer, &path.answerer];
    let (way, sends) = match path.way {
        Way::Relayed => (" and goes through the relay of this server", Sends::ThroughRelay),
        Way::AtDevice => (" and goes through a router", Sends::ThroughRelay),
        Way::Direct if ends.iter().any(|end| names.is_service(end.leg)) => ("", Sends::Itself),
        Way::Direct => (" and does not pass this server", Sends::Itself),
    };
    format!(
        "Media is agreed ({codec}){way}: {}; {}.",
        direction(&path.offerer, &path.answerer, sends, names),
        direction(&path.answerer, &path.offerer, sends, names)
    )
}

/// Who sends to the address that an end named.
#[derive(Clone, Copy)]
enum Sends {
    /// The other end.
    Itself,
    /// The relay, what comes from the other end.
    ThroughRelay,
}

/// What goes from one end to the other.
fn direction(from: &StreamEnd, to: &StreamEnd, sends: Sends, names: &Names) -> String {
    let flows = matches!(from.flow, AudioFlow::Both | AudioFlow::SendOnly)
        && matches!(to.flow, AudioFlow::Both | AudioFlow::ReceiveOnly);
    let (sender, receiver) = (names.party(from.leg), names.party(to.leg));
    if !flows {
        return format!("nothing goes from {sender} to {receiver}");
    }
    let address = to.address.map_or_else(|| "an address that is not known".to_owned(), |it| it.to_string());
    match sends {
        Sends::Itself => format!("{sender} sends to {receiver} at {address}"),
        Sends::ThroughRelay => format!("what {sender} sends goes on to {receiver} at {address}"),
    }
}

fn offer_refused(device: &str, why: WhyOfferRefused, cause: String) -> String {
    let reason = match why {
        WhyOfferRefused::Glare => "both sides wanted to change media at the same moment",
        WhyOfferRefused::OtherNotReady => "there is no session yet that could be changed",
        WhyOfferRefused::OtherRefused => "the other side refused it",
        WhyOfferRefused::Malformed => "it is no session description",
        WhyOfferRefused::NotPermitted => {
            "its regions and locations permit none of its codecs, or what it says about keys may not be"
        }
        WhyOfferRefused::Intercom => "nobody is put on hold in an intercom call",
        WhyOfferRefused::NoRelay => "it needs a transcoder, and no relay could be opened for that",
    };
    format!("{device} wanted to change media and was refused: {reason} ({cause}).")
}

fn ended(by: ReleasedBy, why: WhyEnded, cause: String) -> String {
    let who = match by {
        ReleasedBy::Caller => "by the caller",
        ReleasedBy::Called => "by the called",
        ReleasedBy::System => "by the server",
    };
    let what = match why {
        WhyEnded::HungUp | WhyEnded::CallerGaveUp => "The call was ended",
        WhyEnded::Refused | WhyEnded::NobodyTookIt => "The call was refused",
        WhyEnded::NoAnswer | WhyEnded::HuntExhausted => "The call was given up",
        WhyEnded::DeviceLost(_) => "The call was lost",
        WhyEnded::NoMedia => "The call was ended for want of media",
        WhyEnded::PutOut(Feature::Recording) => "The call was ended, as it could not be recorded,",
        WhyEnded::PutOut(_) => "The call was ended, as its party was dropped or the conference is over,",
        WhyEnded::MovedOn(_) => "The call was ended, as its parties go on elsewhere,",
        WhyEnded::Ordered => "The call was ended by order",
        WhyEnded::ServerRestarted => "The call was cut off by a restart",
        WhyEnded::ServerStopped => "The call was ended because the server was told to stop,",
    };
    format!("{what} {who}: {cause}.")
}

fn alarm_sentence(alarm: &Alarm<'_>) -> String {
    match alarm {
        Alarm::RelayFailed { reason } => format!("Alarm: no media relay could be opened: {reason}."),
        Alarm::NoServicePort { reason } => {
            format!("Alarm: services of this server get no media ports: {reason}.")
        }
        Alarm::MusicStreamFailed { address, reason } => {
            format!("Alarm: the music that goes out to {address} failed: {reason}.")
        }
        Alarm::RecordNotStored { reason, .. } => {
            format!("Alarm: the disk did not take the call's record ({reason}); it is tried again.")
        }
        Alarm::Overloaded { what } => format!("Alarm: new calls are refused, {what} are full."),
        Alarm::OverloadEnded => "New calls are taken again.".to_owned(),
        Alarm::NotRecorded { profile, cause } => format!(
            "Alarm: the recorder of profile {profile} is not to be had ({}); the recording is given up.",
            words::cause(*cause)
        ),
        Alarm::MaliciousCall { by, .. } => format!("Alarm: {by} reported a malicious call."),
        Alarm::QualityReported { by, reason } => format!("Alarm: {}", features::quality(by, reason)),
        Alarm::Contained { what } => format!("Alarm: {what}. Please report this as a bug."),
    }
}
