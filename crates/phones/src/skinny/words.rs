//! Numbers of the protocol in words.

/// The name of a state of calls.
pub(super) fn state(state: u32) -> String {
    let names = [
        "offhook",
        "onhook",
        "ringout",
        "ringin",
        "connected",
        "busy",
        "congestion",
        "hold",
        "callwaiting",
        "transfer",
        "park",
        "proceed",
        "remote",
        "invalid",
        "revert",
        "whisper",
        "remotehold",
    ];
    let name = (state as usize).checked_sub(1).and_then(|place| names.get(place));
    name.map_or_else(|| format!("state{state}"), |name| (*name).to_owned())
}

/// The name of a tone; empty for none.
pub(super) fn tone(tone: u32) -> String {
    let name = match tone {
        0x00 | 0x7f => "",
        0x21 => "inside dial tone",
        0x22 => "outside dial tone",
        0x23 => "line busy",
        0x24 => "alerting",
        0x25 => "reorder",
        0x26 => "recorder warning",
        0x28 => "reverting",
        0x29 => "receiver off hook",
        0x2a => "message waiting",
        0x2b => "no such number",
        0x2c => "busy verification",
        0x2d => "call waiting",
        0x2e => "confirmation",
        0x2f => "camp on",
        0x30 => "recall dial tone",
        0x31 => "zip zip",
        0x32 => "zip",
        0x33 => "beep bonk",
        0x34 => "music",
        0x35 => "hold",
        0x36 => "test",
        0x38 => "monitor warning",
        0x39 => "secure warning",
        0x49 => "non-secure warning",
        other => return format!("tone {other:#x}"),
    };
    name.to_owned()
}

/// How it rings; empty when it does not.
pub(super) fn ringer(mode: u32) -> String {
    let name = match mode {
        0 | 1 => "",
        2 => "inside",
        3 => "outside",
        4 => "feature",
        5 => "silent",
        6 => "precedence",
        other => return format!("ring {other}"),
    };
    name.to_owned()
}

/// What a lamp does.
pub(super) fn lamp(mode: u32) -> String {
    match mode {
        2 => "on".to_owned(),
        3 => "winks".to_owned(),
        4 => "flashes".to_owned(),
        5 => "blinks".to_owned(),
        other => format!("lamp {other}"),
    }
}

/// A button by its kind and place.
pub(super) fn button(kind: u32, instance: u32) -> String {
    let name = match kind {
        0x02 => "speeddial",
        0x05 => "forward",
        0x09 => "line",
        // All message lamps of a phone without one for each line.
        0x0f if instance == 0 => return "messages".to_owned(),
        0x0f => "messages of line",
        0x13 => "privacy",
        0x15 => "blf",
        0x16 => "park",
        0x17 => "intercom",
        0x81 => "mobility",
        0x82 => "dnd",
        0x8b => "hlog",
        other => return format!("button {other:#x} {instance}"),
    };
    format!("{name} {instance}")
}

/// What a busy lamp key shows.
pub(super) fn busy_lamp(status: u32) -> &'static str {
    match status {
        1 => "idle",
        2 => "in use",
        3 => "do not disturb",
        4 => "rings",
        _ => "unknown",
    }
}
