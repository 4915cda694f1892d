//! What a phone shows, and how that changed, in words for people and in names for programs.

use std::collections::BTreeMap;

/// Everything that somebody sees and hears at a phone, but for the sound of calls.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Display {
    /// The server has taken it.
    pub registered: bool,
    /// Number and name of each line, by its button.
    pub lines: BTreeMap<u32, [String; 2]>,
    /// Calls, by their numbers.
    pub calls: BTreeMap<u32, Call>,
    /// The soft keys while no call is shown.
    pub keys: Vec<String>,
    /// What stands on it beside calls.
    pub text: String,
    /// What lamps do that are not off, by their buttons.
    pub lamps: BTreeMap<String, String>,
    /// How it rings; empty when it does not.
    pub ringer: String,
}

/// A call on a display.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// The button of its line.
    pub line: u32,
    /// Its state, as `wait` names it.
    pub state: String,
    /// What stands beside it.
    pub text: String,
    /// Number and name of who calls.
    pub calling: [String; 2],
    /// Number and name of who is called.
    pub called: [String; 2],
    /// Its soft keys.
    pub keys: Vec<String>,
    /// The tone that is heard; empty for none.
    pub tone: String,
    /// Keys of the other side that were told.
    pub heard: String,
}

/// Something that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What kind of change.
    pub event: &'static str,
    /// The call that it is about.
    pub call: Option<u32>,
    /// What it is now, each with its name.
    pub now: Vec<(&'static str, Value)>,
}

/// What something is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(u32),
    /// Several texts in their order.
    List(Vec<String>),
}

impl Display {
    /// What is otherwise than before, in the order in which people want to read it.
    pub fn changes(&self, before: &Display) -> Vec<Change> {
        let mut found = Vec::new();
        let mut note = |event, now| found.push(Change { event, call: None, now });
        if self.registered != before.registered {
            note(if self.registered { "registered" } else { "unregistered" }, vec![]);
        }
        for (button, line) in
            self.lines.iter().filter(|(button, line)| before.lines.get(button) != Some(line))
        {
            let [number, name] = line.clone().map(Value::Text);
            note("line", vec![("line", Value::Number(*button)), ("number", number), ("name", name)]);
        }
        if self.ringer != before.ringer {
            note("ringer", vec![("rings", Value::Text(shown(&self.ringer, "off")))]);
        }
        let lamps = self.lamps.keys().chain(before.lamps.keys().filter(|it| !self.lamps.contains_key(*it)));
        for button in lamps.filter(|it| self.lamps.get(*it) != before.lamps.get(*it)) {
            let now = self.lamps.get(button).map_or("off", String::as_str);
            note(
                "lamp",
                vec![("button", Value::Text(button.clone())), ("lamp", Value::Text(now.to_owned()))],
            );
        }
        for (number, call) in &self.calls {
            let fresh = Call::default();
            found.extend(call.changes(*number, before.calls.get(number).unwrap_or(&fresh)));
        }
        for (number, call) in before.calls.iter().filter(|(number, _)| !self.calls.contains_key(number)) {
            let line = ("line", Value::Number(call.line));
            found.push(Change { event: "ended", call: Some(*number), now: vec![line] });
        }
        let mut note = |event, now| found.push(Change { event, call: None, now });
        if self.text != before.text && !self.text.is_empty() {
            note("text", vec![("text", Value::Text(self.text.clone()))]);
        }
        if self.keys != before.keys && self.calls.is_empty() && !self.keys.is_empty() {
            note("keys", vec![("keys", Value::List(self.keys.clone()))]);
        }
        found
    }

    /// All that it shows, a line for each thing.
    pub fn lines(&self) -> Vec<String> {
        let all = self.changes(&Display::default());
        let shown = if self.registered { None } else { Some("unregistered".to_owned()) };
        shown.into_iter().chain(all.iter().map(Change::text)).collect()
    }

    /// Whether a call stands so.
    pub fn has(&self, state: &str) -> bool {
        self.calls.values().any(|call| call.state == state)
    }
}

impl Call {
    fn changes(&self, number: u32, before: &Call) -> Vec<Change> {
        let mut found = Vec::new();
        let mut note = |event, now| found.push(Change { event, call: Some(number), now });
        if self.state != before.state {
            note(
                "state",
                vec![("line", Value::Number(self.line)), ("state", Value::Text(self.state.clone()))],
            );
        }
        if (&self.calling, &self.called) != (&before.calling, &before.called) {
            let (calling, called) = (Value::Text(self.calling()), Value::Text(self.called()));
            note("party", vec![("calling", calling), ("called", called)]);
        }
        if self.text != before.text && !self.text.is_empty() {
            note("text", vec![("text", Value::Text(self.text.clone()))]);
        }
        if self.tone != before.tone {
            note("tone", vec![("tone", Value::Text(shown(&self.tone, "none")))]);
        }
        if self.keys != before.keys {
            note("keys", vec![("keys", Value::List(self.keys.clone()))]);
        }
        if self.heard != before.heard {
            note("dtmf", vec![("heard", Value::Text(self.heard.clone()))]);
        }
        found
    }

    fn calling(&self) -> String {
        self.calling.join(" ").trim().to_owned()
    }

    fn called(&self) -> String {
        self.called.join(" ").trim().to_owned()
    }
}

impl Change {
    /// In words: what, which call, and what it is now.
    pub fn text(&self) -> String {
        let mut text = match self.call {
            Some(call) => format!("call {call} {}", self.event),
            None => self.event.to_owned(),
        };
        for (name, value) in &self.now {
            let said = match value {
                Value::Text(said) if said.is_empty() => continue,
                Value::Text(said) => said.clone(),
                Value::Number(said) => said.to_string(),
                Value::List(said) => said.join(", "),
            };
            // What names itself is not named twice.
            match *name == self.event
                || matches!(*name, "number" | "name" | "button" | "lamp" | "rings" | "heard")
            {
                true => text.push_str(&format!(" {said}")),
                false => text.push_str(&format!(" {name} {said}")),
            }
        }
        text
    }
}

fn shown(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_once_and_nothing_else() {
        let before = Display { registered: true, ..Display::default() };
        let call = Call {
            line: 1,
            state: "ringin".into(),
            calling: ["1001".into(), "Alice".into()],
            ..Call::default()
        };
        let mut ringing = before.clone();
        ringing.ringer = "inside".into();
        ringing.calls.insert(7, call);
        let told = |now: &Display, before: &Display| {
            now.changes(before).iter().map(Change::text).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&ringing, &before),
            ["ringer inside", "call 7 state line 1 ringin", "call 7 party calling 1001 Alice"]
        );
        assert_eq!(told(&ringing, &ringing), [""; 0]);
        let mut talking = ringing.clone();
        talking.ringer.clear();
        if let Some(call) = talking.calls.get_mut(&7) {
            call.state = "connected".into();
            call.keys = vec!["Hold".into(), "EndCall".into()];
        }
        assert_eq!(
            told(&talking, &ringing),
            ["ringer off", "call 7 state line 1 connected", "call 7 keys Hold, EndCall"]
        );
        assert_eq!(told(&before, &talking), ["call 7 ended line 1"]);
        assert!(talking.has("connected") && !talking.has("ringin"));
        assert_eq!(Display::default().lines(), ["unregistered"]);
    }
}
